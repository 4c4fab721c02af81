from collections.abc import Iterator

import pytest

from tests.stripe_stand_in.customers import Platform
from tests.stripe_stand_in.stand_in import stand_in


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform with no customers at a new stand-in in this process."""
    made = stand_in()
    yield Platform.of(made)
    made.close()

"""Retrying a unit of work: only after errors where a retry can help, and a limited number of times."""

import asyncpg
import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity import until_known as module
from pocketpay.identity.errors import InvalidToken
from pocketpay.identity.until_known import TRIES, until_known


class Unit:
    """Fails with each of the errors in order, then returns 7."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tries = 0

    async def __call__(self) -> int:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.0)


UNKNOWN = ServiceBusy("the reply was lost", may_have_happened=True)


@pytest.mark.parametrize("error", [UNKNOWN, asyncpg.DeadlockDetectedError("x"), asyncpg.SerializationError("x")])
async def test_an_error_that_may_be_temporary_is_retried(error: Exception) -> None:
    unit = Unit(error, error)
    assert await until_known(unit) == 7
    assert unit.tries == 3


@pytest.mark.parametrize(
    "error",
    [
        ServiceBusy("every connection is busy"),
        InvalidToken(),
        asyncpg.UniqueViolationError("x"),
        asyncpg.UndefinedTableError("x"),
    ],
)
async def test_a_definite_error_is_not_retried(error: Exception) -> None:
    unit = Unit(error)
    with pytest.raises(type(error)):
        await until_known(unit)
    assert unit.tries == 1


@pytest.mark.parametrize(
    "error", [asyncpg.LockNotAvailableError("x"), asyncpg.QueryCanceledError("x"), asyncpg.DiskFullError("x")]
)
async def test_an_error_of_an_overloaded_database_is_service_busy(error: Exception) -> None:
    with pytest.raises(ServiceBusy):
        await until_known(Unit(error))


async def test_a_repeated_deadlock_is_service_busy() -> None:
    unit = Unit(*[asyncpg.DeadlockDetectedError("x")] * 10)
    with pytest.raises(ServiceBusy):
        await until_known(unit)
    assert unit.tries == TRIES


async def test_an_outcome_that_stays_unknown_is_service_busy_with_may_have_happened() -> None:
    unit = Unit(*[UNKNOWN] * 10)
    with pytest.raises(ServiceBusy) as busy:
        await until_known(unit)
    assert busy.value.may_have_happened
    assert unit.tries == TRIES

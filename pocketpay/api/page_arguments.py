"""The arguments of every list in pages. `asked` of pages.py reads them."""

from typing import Annotated, TypeAlias

import strawberry

from pocketpay.api.pages import DEFAULT_SIZE, LARGEST

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description=f"Number of rows from the start of the list: at most {LARGEST}, default {DEFAULT_SIZE}."
    ),
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Only rows after this cursor.")]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description=f"Number of rows from the end of the list: at most {LARGEST}.")
]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")]

AtMost: TypeAlias = Annotated[int | None, strawberry.argument(description=f"Number of rows: at most {LARGEST}.")]
"""The `first` of a list without pages."""

"""The arguments of every paged list. `requested_page` in pages.py interprets them."""

from typing import Annotated, TypeAlias

import strawberry

from pocketpay.api.pages import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description=f"Number of rows from the start of the list: at most {MAX_PAGE_SIZE}, "
        f"default {DEFAULT_PAGE_SIZE}."
    ),
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Only rows after this cursor.")]
Last: TypeAlias = Annotated[
    int | None, strawberry.argument(description=f"Number of rows from the end of the list: at most {MAX_PAGE_SIZE}.")
]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")]

ListSize: TypeAlias = Annotated[
    int | None, strawberry.argument(description=f"Number of rows: at most {MAX_PAGE_SIZE}.")
]
"""The argument `first` of a list without pages."""

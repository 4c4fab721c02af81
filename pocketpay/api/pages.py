"""Paged lists: connections with opaque cursors and keyset pagination, the same for every list.

    requested_page(...)   the client's first/after/last/before  ─►  Page, or BadUserInput
    (a repository reads `page.fetch` rows, starting at the page's cursor)
    connection(...)       those rows  ─►  edges, nodes, pageInfo

A cursor contains the row's position in its list (`BY_MOMENT`: a time and an id; `BY_SEQUENCE`: a number) and a
checksum that binds it to the list and the wallet. A cursor of another list or wallet is refused. A cursor gives no
access to data, so it is not secret.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import strawberry

from pocketpay.api.bad_input import BadUserInput

T = TypeVar("T")
K = TypeVar("K")
Row = TypeVar("Row")

DEFAULT_PAGE_SIZE = 20
DEFAULT_LIST_SIZE = 10
MAX_PAGE_SIZE = 100
"""Maximum number of rows in a page. With two profiles in each row, that is a response of about 30 KiB and less than
5 ms of execution."""
MAX_COUNTED = 10_000
"""The largest `totalCount`. Above it, `totalCount` is null, because counting would read too many rows."""

_CHECK_BYTES = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Keyset(Protocol[K]):
    """The encoding of a position in a list, for use in a cursor."""

    def pack(self, place: K) -> bytes: ...
    def unpack(self, packed: bytes) -> K: ...


class _ByMoment:
    """Positions by time and id: lists ordered by time."""

    _shape = struct.Struct(">q16s")

    def pack(self, place: tuple[datetime, UUID]) -> bytes:
        moment, id = place
        return self._shape.pack((moment - _EPOCH) // timedelta(microseconds=1), id.bytes)

    def unpack(self, packed: bytes) -> tuple[datetime, UUID]:
        microseconds, id = self._shape.unpack(packed)
        return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=id)


class _BySequence:
    """Positions by number: the ledger entries of a wallet."""

    _shape = struct.Struct(">q")

    def pack(self, place: int) -> bytes:
        return self._shape.pack(place)

    def unpack(self, packed: bytes) -> int:
        number: int = self._shape.unpack(packed)[0]
        return number


BY_MOMENT = _ByMoment()
BY_SEQUENCE = _BySequence()


@dataclass(frozen=True, slots=True)
class Listing(Generic[K]):
    """One list: its name and owner, to which its cursors are bound, and the encoding of its positions.

    A filter is not part of the binding: a position means the same in the list with and without a filter.
    """

    name: str
    owner: UUID
    keyset: Keyset[K]

    def cursor(self, place: K) -> str:
        packed = self.keyset.pack(place)
        return base64.urlsafe_b64encode(packed + self._check(packed)).rstrip(b"=").decode()

    def place(self, cursor: str, argument: str = "after") -> K:
        """The position in a cursor. Raises BadUserInput when the cursor is malformed or belongs to another list."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            packed, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
            if check == self._check(packed):
                return self.keyset.unpack(packed)
        except (binascii.Error, ValueError, struct.error, OverflowError):
            pass
        raise BadUserInput("This cursor is not valid for this list.", at=(argument,))

    def _check(self, packed: bytes) -> bytes:
        bound = hashlib.blake2b(packed, digest_size=_CHECK_BYTES, key=self.name.encode() + self.owner.bytes)
        return bound.digest()


@dataclass(frozen=True, slots=True)
class Page(Generic[K]):
    """A requested part of a list: `size` rows between the positions `after` and `before`, each of which can be None.

    The rows are the first ones in that range, or the last ones when `backward` is true.
    """

    size: int
    after: K | None
    before: K | None
    backward: bool

    @property
    def fetch(self) -> int:
        """Number of rows to read: one more than `size`, to find out whether there is a next page."""
        return self.size + 1


def requested_page(
    listing: Listing[K], first: int | None, after: str | None, last: int | None, before: str | None
) -> Page[K]:
    """The page that the arguments request. Raises BadUserInput for values that are not valid or cannot be
    combined."""
    if first is not None and last is not None:
        raise BadUserInput("Use `first` or `last`, not both.")
    size = first if first is not None else last if last is not None else DEFAULT_PAGE_SIZE
    if not 0 <= size <= MAX_PAGE_SIZE:
        raise BadUserInput(
            f"`first` and `last` must be 0 to {MAX_PAGE_SIZE}.", at=("first" if last is None else "last",)
        )
    return Page(
        size=size,
        after=None if after is None else listing.place(after),
        before=None if before is None else listing.place(before, "before"),
        backward=last is not None,
    )


def list_size(first: int | None) -> int:
    """The number of rows that the argument `first` of a list without pages requests, DEFAULT_LIST_SIZE when it is
    absent. Raises BadUserInput when it is out of range."""
    if first is None:
        return DEFAULT_LIST_SIZE
    if not 0 <= first <= MAX_PAGE_SIZE:
        raise BadUserInput(f"`first` must be 0 to {MAX_PAGE_SIZE}.", at=("first",))
    return first


@strawberry.type(description="The position of a page in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there are items after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are items before this page.")
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first item, or of the place where a filter stopped searching; null when the "
        "page is empty and nothing precedes it."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last item, or of the place where a filter stopped searching; null when the "
        "page is empty and nothing follows."
    )


@strawberry.type(description="One item of a list with its cursor.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="An opaque cursor: pass it as `after` or `before`.")
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The items of this page, each with its cursor.")
    nodes: list[T] = strawberry.field(description="The items of this page without cursors.")
    page_info: PageInfo = strawberry.field(description="The position of this page in the list.")
    counted: strawberry.Private[Callable[[], Awaitable[int | None]]]

    @strawberry.field(
        description=f"Number of items in the whole list; null above {MAX_COUNTED:,}, where counting costs too "
        "much. For ledger entries it is always known."
    )
    async def total_count(self) -> int | None:
        return await self.counted()


def connection(
    listing: Listing[K],
    page: Page[K],
    rows: Sequence[Row],
    *,
    place: Callable[[Row], K],
    node: Callable[[Row], T],
    counted: Callable[[], Awaitable[int | None]],
    stopped_at: K | None = None,
) -> Connection[T]:
    """Builds the connection from `rows`: at most `page.fetch` rows, in reverse order of the list when the page is
    backward.

    `stopped_at` is the position at which a filter stopped searching before the page was full. The next page continues
    there.
    """
    more = len(rows) > page.size or stopped_at is not None
    shown = list(rows[: page.size])
    if page.backward:
        shown.reverse()
    nodes = [node(row) for row in shown]
    cursors = [listing.cursor(place(row)) for row in shown]
    ends: list[str | None] = [*cursors] or [None]
    stopped = None if stopped_at is None else listing.cursor(stopped_at)
    info = PageInfo(
        has_next_page=page.before is not None if page.backward else more,
        has_previous_page=more if page.backward else page.after is not None,
        start_cursor=stopped if stopped and page.backward else ends[0],
        end_cursor=stopped if stopped and not page.backward else ends[-1],
    )
    edges = [Edge(cursor=cursor, node=shown_node) for cursor, shown_node in zip(cursors, nodes, strict=True)]
    return Connection(edges=edges, nodes=nodes, page_info=info, counted=counted)

"""Lists by pages: a connection with opaque cursors over a keyset, the same for every list.

    asked(...)        first/after/last/before as a client gave them  ─►  Page, or BadUserInput
    (a repository reads `page.fetch` rows from the page's bound on, nearest first)
    connection(...)   those rows  ─►  edges, nodes, pageInfo

A cursor is the row's place in its list (`BY_MOMENT`: a time and an id; `BY_SEQUENCE`: a number), with a check over
the list it belongs to: one from another list, or another wallet, is refused. It grants nothing, so it is not secret.
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

DEFAULT_SIZE = 20
FEW = 10
LARGEST = 100
"""Rows of one page: with two profiles each that is some 30 KiB of answer, and less than 5 ms of execution."""
MOST_COUNTED = 10_000
"""totalCount stops there and is null past it: counting further reads too much."""

_CHECK_BYTES = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Keyset(Protocol[K]):
    """How a place in a list is written in a cursor."""

    def pack(self, place: K) -> bytes: ...
    def unpack(self, packed: bytes) -> K: ...


class _ByMoment:
    """A place by time and id, as lists of things that happen are ordered."""

    _shape = struct.Struct(">q16s")

    def pack(self, place: tuple[datetime, UUID]) -> bytes:
        moment, id = place
        return self._shape.pack((moment - _EPOCH) // timedelta(microseconds=1), id.bytes)

    def unpack(self, packed: bytes) -> tuple[datetime, UUID]:
        microseconds, id = self._shape.unpack(packed)
        return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=id)


class _BySequence:
    """A place by number, as the entries of an account are ordered."""

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
    """One list: its name and whose it is (what its cursors are bound to), and how its places are written.

    Filters are not part of it: the same place means the same in a filtered list.
    """

    name: str
    owner: UUID
    keyset: Keyset[K]

    def cursor(self, place: K) -> str:
        packed = self.keyset.pack(place)
        return base64.urlsafe_b64encode(packed + self._check(packed)).rstrip(b"=").decode()

    def place(self, cursor: str, argument: str = "after") -> K:
        """The place that a cursor names. Raises BadUserInput when it is none of this list's."""
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
    """What is asked of a list: `size` rows after `after` and before `before` (either may be None), counted from the
    near end, or `backward` from the far one."""

    size: int
    after: K | None
    before: K | None
    backward: bool

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than shown says whether there are more."""
        return self.size + 1


def asked(listing: Listing[K], first: int | None, after: str | None, last: int | None, before: str | None) -> Page[K]:
    """The page those arguments ask for. Raises BadUserInput when they do not go together."""
    if first is not None and last is not None:
        raise BadUserInput("Use `first` or `last`, not both.")
    size = first if first is not None else last if last is not None else DEFAULT_SIZE
    if not 0 <= size <= LARGEST:
        raise BadUserInput(f"`first` and `last` must be 0 to {LARGEST}.", at=("first" if last is None else "last",))
    return Page(
        size=size,
        after=None if after is None else listing.place(after),
        before=None if before is None else listing.place(before, "before"),
        backward=last is not None,
    )


def at_most(first: int | None) -> int:
    """How many rows of a list without pages, by default FEW. Raises BadUserInput."""
    if first is None:
        return FEW
    if not 0 <= first <= LARGEST:
        raise BadUserInput(f"`first` must be 0 to {LARGEST}.", at=("first",))
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
        description=f"Number of items in the whole list; null above {MOST_COUNTED:,}, where counting costs too "
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
    """The connection over `rows`, read as the page asks: at most `page.fetch`, nearest to where it starts first.

    `stopped_at` is where a filter stopped reading before it had found a page: the list goes on from there.
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

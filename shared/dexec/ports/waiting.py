"""The ``Waiting`` port: ticks of the market, and the orders that wait for a price or a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from dexec.domain.order import Change, Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.lookup import Group, Part, WaitingRow
from dexec.ports.watching import Watcher

MOST_TRIGGERED = 500
"""Orders to one call of ``apply``: Aurora DSQL writes at most 3,000 rows in a transaction."""


@dataclass(frozen=True, slots=True)
class BookTick:
    """What one tick saw of a book: its reference price, and the mean of it and the opposite book's inverse.

    Prices are base units of token out per base unit of token in.
    """

    pair: Pair
    slot: int
    at: datetime
    reference: Fraction
    mid: Fraction


@dataclass(frozen=True, slots=True)
class ShardLease:
    """The right to tick the books of a shard.

    ``slot`` is its newest tick, taken at ``ticked_at`` from the pools of ``venues``; ``judged`` is the newest
    that was judged. ``is_wanted``: another function asks for it.
    """

    shard: int
    token: str
    slot: int = 0
    judged: int = 0
    ticked_at: datetime | None = None
    venues: tuple[str, ...] = ()
    is_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """At most ``most`` rows of ``group`` in the book of ``pair`` whose keys are at least ``key``.

    ``before``: only of orders whose ticks count since an earlier slot.
    """

    pair: Pair
    group: Group
    key: int
    most: int
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A row that is likely to be due, with its order as it stands, all read at once.

    ``version`` is the order's ``seq`` at which the row was written.
    """

    order: Order
    row: WaitingRow
    version: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A limit's row is to get another key and a time at which it is looked at again."""

    order_id: str
    version: int
    part: Part
    group: Group | None
    key: int
    at: datetime | None


class Waiting(Protocol):
    """Ticks and waiting orders; what is due of clients that may not trade now is not found."""

    # --- who ticks -----------------------------------------------------------------------------------

    def take_shard(
        self, shard: int, token: str, now: datetime, until: datetime, *, knocks: bool = False
    ) -> ShardLease | None:
        """Take the lease of a shard; None while another holds it.

        With ``knocks`` that one sees that it is wanted.
        """

    def keep_shard(self, lease: ShardLease, until: datetime) -> ShardLease | None:
        """Renew the lease; None when it is lost."""

    def leave_shard(self, lease: ShardLease) -> None:
        """Give the lease up, if it is still held."""

    def is_ticked(self, shard: int, now: datetime) -> bool:
        """Whether a function holds the lease of a shard."""

    # --- ticks ---------------------------------------------------------------------------------------

    def record(
        self, lease: ShardLease, ticks: Sequence[BookTick], venues: Sequence[str], until: datetime
    ) -> ShardLease | None:
        """Store the ticks of one slot, at least one, and renew the lease, in one statement.

        None, and nothing is stored, when the lease is lost or the slot is not above the shard's newest.
        """

    def judged(self, lease: ShardLease) -> None:
        """Mark the newest tick of the shard as judged, if the lease is still held."""

    def void(self, lease: ShardLease, pairs: Sequence[Pair]) -> None:
        """Delete what the shard's newest tick saw of these books: it is too old to be judged."""

    def ticks(self, pairs: Sequence[Pair], after: int) -> tuple[BookTick, ...]:
        """Return the ticks of books after a slot, by slot; who only looks at a market asks ``Ticks``."""

    def prune(self, pair: Pair, kept: Sequence[int], before: datetime) -> int:
        """Delete some of a book's ticks before a time, but those of the slots ``kept``; return how many."""

    # --- what is due ---------------------------------------------------------------------------------

    def groups(self) -> Mapping[Pair, tuple[Group, ...]]:
        """Return the books in which something waits, for a price or a time, with their groups of rows."""

    def oldest_since(self, groups: Mapping[Pair, Sequence[Group]]) -> Mapping[Pair, int]:
        """Return the slot since which ticks count for the oldest active trail of each book that has one.

        A trail that is executed counts, though its group may be gone: it may rest again.
        """

    def due_by_price(self, bounds: Sequence[Bound]) -> tuple[Found, ...]:
        """Return rows whose keys reach their group's bound; of each group, clients in turn."""

    def due_by_time(self, pairs: Sequence[Pair], now: datetime) -> tuple[Found, ...]:
        """Return some rows whose time has come, the earliest first; clients that may not trade expire too."""

    def lost(self, before: datetime) -> tuple[Order, ...]:
        """Return some triggered orders, due and queued before a time, that no executor has.

        Also of clients that may not trade now: an executor lets these rest, to be judged anew later.
        """

    # --- what becomes of them ------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change]) -> Mapping[str, tuple[Watcher, ...]]:
        """Write each change whose order is still as it was judged (its ``seq`` and status), with its event.

        They are ``MOST_TRIGGERED`` steps of orders that wait, at the most: triggered, activated, expired. The
        rows of what is triggered or has ended are deleted, and the held exit of what has ended is cancelled;
        rows of what still waits are written anew, in the same transaction. A trigger is not written while the
        client may not trade. Returns the watchers of those that were written, by order id.
        """

    def move(self, moved: Sequence[Moved]) -> None:
        """Give rows other keys, as far as their orders have not changed since."""

    # --- what is measured ----------------------------------------------------------------------------

    def ticked_at(self) -> Mapping[int, datetime]:
        """Return when each shard was ticked last; one that never was is missing."""

    def count(self, most: int) -> int:
        """Count the orders that rest, up to ``most``."""

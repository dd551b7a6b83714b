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
    """The right to tick the books of a shard: ``slot`` is its newest tick, ``judged`` the newest judged."""

    shard: int
    token: str
    slot: int
    judged: int


@dataclass(frozen=True, slots=True)
class Bound:
    """Rows of ``group`` in the book of ``pair`` are due from this key on."""

    pair: Pair
    group: Group
    key: int


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
    """Ticks and waiting orders. Of all orders, those whose clients may not trade now are not found."""

    # --- who ticks -----------------------------------------------------------------------------------

    def take_shard(self, shard: int, token: str, now: datetime, until: datetime) -> ShardLease | None:
        """Take the lease of a shard; None while another holds it."""

    def leave_shard(self, lease: ShardLease) -> None:
        """Give the lease up, if it is still held."""

    def is_ticked(self, shard: int, now: datetime) -> bool:
        """Whether a function holds the lease of a shard."""

    # --- ticks ---------------------------------------------------------------------------------------

    def record(self, lease: ShardLease, ticks: Sequence[BookTick], until: datetime) -> ShardLease | None:
        """Store the ticks of one slot and renew the lease, in one statement.

        None, and nothing is stored, when the lease is lost or the slot is not above the shard's newest.
        """

    def judged(self, lease: ShardLease) -> None:
        """Mark the newest tick of the shard as judged."""

    def void(self, lease: ShardLease) -> None:
        """Delete the newest tick, which was never judged and is too old to be."""

    def ticks(self, pairs: Sequence[Pair], after: int) -> tuple[BookTick, ...]:
        """Return the ticks of books after a slot, by slot."""

    def newest(self, pair: Pair) -> BookTick | None:
        """Return the newest tick of a book."""

    def prune(self, pair: Pair, kept: Sequence[int], before: int) -> None:
        """Delete a book's ticks before a slot, but those of the slots ``kept``."""

    # --- what is due ---------------------------------------------------------------------------------

    def books(self) -> tuple[Pair, ...]:
        """Return the books in which something waits, for a price or a time."""

    def groups(self, pairs: Sequence[Pair]) -> Mapping[Pair, tuple[Group, ...]]:
        """Return the groups of rows in each book."""

    def oldest_since(self, pair: Pair) -> int | None:
        """Return the slot after which ticks count for a book's oldest active trail; None without any."""

    def due_by_price(self, bounds: Sequence[Bound], limit: int) -> tuple[Found, ...]:
        """Return rows whose keys reach their group's bound; of each group, clients in turn."""

    def due_by_time(self, pairs: Sequence[Pair], now: datetime, limit: int) -> tuple[Found, ...]:
        """Return rows whose time has come, the earliest first."""

    def lost(self, pairs: Sequence[Pair], before: datetime, limit: int) -> tuple[Order, ...]:
        """Return triggered orders, due and queued before a time, that no executor has: send them again."""

    # --- what becomes of them ------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change]) -> Mapping[str, tuple[Watcher, ...]]:
        """Write each change whose order is still as it was judged (its ``seq`` and status), with its events.

        They are steps of orders that wait: triggered, activated, expired, refused. The rows of what is
        triggered or has ended are deleted, those of what still waits are written anew, in the same
        transaction. A trigger is not written while the client may not trade. Returns the watchers of those
        that were written, by order id.
        """

    def move(self, moved: Sequence[Moved]) -> None:
        """Give rows other keys, as far as their orders have not changed since."""

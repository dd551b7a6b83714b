"""The ``Waiting`` port on PostgreSQL: ticks, and the rows by which what is due is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import cast

from dexec.adapters.postgres import rows
from dexec.adapters.postgres.database import Database, Repeat
from dexec.adapters.postgres.order_params import book_of
from dexec.adapters.postgres.order_writes import closing
from dexec.adapters.postgres.statements import Row, Statement
from dexec.adapters.postgres.waiting_params import to_apply
from dexec.domain.order import Change, Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.lookup import Group, Part, WaitingRow
from dexec.ports import BookTick, Bound, Found, Moved, ShardLease, Watcher


class PostgresWaiting:
    """Ticks and waiting orders; raises what ``Database`` raises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- who ticks -----------------------------------------------------------------------------------

    def take_shard(
        self, shard: int, token: str, now: datetime, until: datetime, *, knocks: bool = False
    ) -> ShardLease | None:
        """Take the lease of a shard, or ask for it."""
        params = {"shard": shard, "token": token, "now": now, "until": until, "knocks": knocks}
        found = self._database.fetch(Statement("take_shard", params), Repeat.HARMLESS)
        if not found or not found[0]["taken"]:
            return None
        row = found[0]
        return ShardLease(
            shard,
            token,
            cast(int, row["slot"]),
            cast(int, row["judged"]),
            rows.moment_or_none(row["ticked_at"]),
            tuple((cast("str | None", row["venues"]) or "").split()),
        )

    def keep_shard(self, lease: ShardLease, until: datetime) -> ShardLease | None:
        """Renew the lease."""
        params = {"shard": lease.shard, "token": lease.token, "until": until}
        found = self._database.fetch(Statement("keep_shard", params), Repeat.HARMLESS)
        return replace(lease, is_wanted=bool(found[0]["wanted"])) if found else None

    def leave_shard(self, lease: ShardLease) -> None:
        """Give the lease up."""
        params = {"shard": lease.shard, "token": lease.token}
        self._database.fetch(Statement("leave_shard", params), Repeat.HARMLESS)

    def is_ticked(self, shard: int, now: datetime) -> bool:
        """Whether a function holds the lease of a shard."""
        statement = Statement("shard_is_ticked", {"shard": shard, "now": now})
        return bool(self._database.fetch(statement, Repeat.READ))

    # --- ticks ---------------------------------------------------------------------------------------

    def record(
        self, lease: ShardLease, ticks: Sequence[BookTick], venues: Sequence[str], until: datetime
    ) -> ShardLease | None:
        """Store the ticks of one slot and renew the lease."""
        slot, at = ticks[0].slot, ticks[0].at
        params = {
            "shard": lease.shard,
            "token": lease.token,
            "slot": slot,
            "at": at,
            "venues": " ".join(venues),
            "until": until,
            "pairs": [book_of(tick.pair) for tick in ticks],
            "references": [str(tick.reference) for tick in ticks],
            "mids": [str(tick.mid) for tick in ticks],
        }
        held = self._database.fetch(Statement("record_ticks", params), Repeat.NEVER)
        if not held:
            return None
        is_wanted = bool(held[0]["wanted"])
        return replace(lease, slot=slot, ticked_at=at, venues=tuple(venues), is_wanted=is_wanted)

    def judged(self, lease: ShardLease) -> None:
        """Mark the newest tick of the shard as judged."""
        params = {"shard": lease.shard, "token": lease.token, "slot": lease.slot}
        self._database.fetch(Statement("judged_tick", params), Repeat.HARMLESS)

    def void(self, lease: ShardLease, pairs: Sequence[Pair]) -> None:
        """Delete what the shard's newest tick saw of these books."""
        books = [book_of(pair) for pair in pairs]
        params = {"shard": lease.shard, "token": lease.token, "slot": lease.slot, "pairs": books}
        self._database.fetch(Statement("void_tick", params), Repeat.HARMLESS)

    def ticks(self, pairs: Sequence[Pair], after: int) -> tuple[BookTick, ...]:
        """Return the ticks of books after a slot."""
        params = {"pairs": [book_of(pair) for pair in pairs], "after": after}
        return tuple(map(_tick, self._database.fetch(Statement("ticks_after", params), Repeat.READ)))

    def prune(self, pair: Pair, kept: Sequence[int], before: datetime) -> int:
        """Delete some of a book's old ticks, but those of the slots ``kept``."""
        params = {"pair": book_of(pair), "kept": list(kept), "before": before}
        return len(self._database.fetch(Statement("prune_ticks", params), Repeat.HARMLESS))

    # --- what is due ---------------------------------------------------------------------------------

    def groups(self) -> Mapping[Pair, tuple[Group, ...]]:
        """Return the books in which something waits, with their groups of rows."""
        found: dict[Pair, list[Group]] = defaultdict(list)
        for row in self._database.fetch(Statement("waiting_groups", {}), Repeat.READ):
            groups = found[_pair(row["book"])]
            if row["price_group"] is not None:
                groups.append(Group.read(cast(str, row["price_group"])))
        return {pair: tuple(groups) for pair, groups in found.items()}

    def oldest_since(self, groups: Mapping[Pair, Sequence[Group]]) -> Mapping[Pair, int]:
        """Return the slot since which ticks count for each book's oldest trail."""
        trails = [(book_of(pair), str(one)) for pair, of in groups.items() for one in of if one.is_trail]
        params = {
            "books": [book for book, _ in trails],
            "groups": [group for _, group in trails],
            "loaded": [book_of(pair) for pair in groups],
        }
        found = self._database.fetch(Statement("oldest_since", params), Repeat.READ)
        return {_pair(row["book"]): cast(int, row["since"]) for row in found}

    def due_by_price(self, bounds: Sequence[Bound]) -> tuple[Found, ...]:
        """Return rows whose keys reach their group's bound."""
        params = {
            "books": [book_of(bound.pair) for bound in bounds],
            "groups": [str(bound.group) for bound in bounds],
            "keys": [bound.key for bound in bounds],
            "befores": [bound.before for bound in bounds],
            "most": [bound.most for bound in bounds],
        }
        return tuple(map(_found, self._database.fetch(Statement("due_by_price", params), Repeat.READ)))

    def due_by_time(self, pairs: Sequence[Pair], now: datetime) -> tuple[Found, ...]:
        """Return some rows whose time has come."""
        params = {"books": [book_of(pair) for pair in pairs], "now": now}
        return tuple(map(_found, self._database.fetch(Statement("due_by_time", params), Repeat.READ)))

    def lost(self, before: datetime) -> tuple[Order, ...]:
        """Return some triggered orders that no executor has."""
        found = self._database.fetch(Statement("lost_triggered", {"before": before}), Repeat.READ)
        return tuple(map(rows.to_order, found))

    # --- what becomes of them ------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change]) -> Mapping[str, tuple[Watcher, ...]]:
        """Write each change whose order is still as it was judged, and return the watchers of those."""
        # Who writes many orders, or their rows, locks them by their ids: the other way round is a deadlock.
        changes = sorted(changes, key=lambda change: change.after.id)
        ids = {"order_ids": [change.after.id for change in changes]}
        writes = [Statement("apply_changes", to_apply(changes))]
        # What ends here ends unfilled.
        if entries := [change.after.id for change in changes if change.ends_entry]:
            writes += closing(entries, changes[0].after.updated_at)
        (moved, *_), (watchers,) = self._database.transact(
            writes, [Statement("watchers_of_orders", ids)], Repeat.NEVER
        )
        found: dict[str, list[Watcher]] = {cast(str, row["id"]): [] for row in moved}
        for row in watchers:
            if (one := cast(str, row["order_id"])) in found:
                found[one].append(rows.to_watcher(row))
        return {one: tuple(watching) for one, watching in found.items()}

    def move(self, moved: Sequence[Moved]) -> None:
        """Give rows other keys."""
        moved = sorted(moved, key=lambda one: one.order_id)
        params = {
            "ids": [one.order_id for one in moved],
            "parts": [one.part.value for one in moved],
            "versions": [one.version for one in moved],
            "groups": [None if one.group is None else str(one.group) for one in moved],
            "keys": [one.key for one in moved],
            "times": [one.at for one in moved],
        }
        self._database.fetch(Statement("move_waiting", params), Repeat.HARMLESS)

    # --- what is measured ----------------------------------------------------------------------------

    def ticked_at(self) -> Mapping[int, datetime]:
        """Return when each shard was ticked last."""
        found = self._database.fetch(Statement("shards_ticked", {}), Repeat.READ)
        return {cast(int, row["shard"]): rows.moment(row["ticked_at"]) for row in found}

    def count(self, most: int) -> int:
        """Count the orders that rest, up to ``most``."""
        (found,) = self._database.fetch(Statement("count_resting", {"most": most}), Repeat.READ)
        return cast(int, found["orders"])


def _pair(book: object) -> Pair:
    token_in, token_out = cast(str, book).split(">")
    return Pair(token_in, token_out)


def _tick(row: Row) -> BookTick:
    return BookTick(
        _pair(row["pair"]),
        cast(int, row["slot"]),
        rows.moment(row["at"]),
        Fraction(cast(str, row["reference"])),
        Fraction(cast(str, row["mid"])),
    )


def _found(row: Row) -> Found:
    group = cast("str | None", row["price_group"])
    waiting = WaitingRow(
        Part(cast(str, row["part"])),
        None if group is None else Group.read(group),
        cast(int, row["key"]),
        rows.moment_or_none(row["at"]),
    )
    return Found(rows.to_order(row), waiting, cast(int, row["version"]))

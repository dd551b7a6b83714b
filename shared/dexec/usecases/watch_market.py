"""Ticks a shard of books while something waits in it: records their prices, and has each tick judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dexec.domain.errors import OutcomeUnknown, Unavailable
from dexec.domain.order import Order
from dexec.domain.quote import Pair
from dexec.domain.waiting.lookup import Group
from dexec.domain.waiting.ticks import shard_of
from dexec.ports import Clock, Orders, Queue, ShardLease, Waiting
from dexec.usecases.judge_tick import JudgeTick, Ticked
from dexec.usecases.reference import Look
from dexec.usecases.steps import has_time
from dexec.usecases.tick_books import FRESH, TickedBooks

LEASE = timedelta(seconds=5)

LOST_AFTER = timedelta(seconds=5)
"""A triggered order that no executor took for so long is sent again, if the queue shows no message."""

PRUNE_EVERY = timedelta(minutes=1)
FIRST_PRUNE = timedelta(seconds=30)
"""A run lasts a minute: the first time comes in the middle of it."""

KNOCK_EVERY_S = 0.25


class _LeaseLost(Exception):
    """Another function ticks the shard."""


@dataclass(slots=True)
class Watched:
    """What a run did: ``counts`` of ticks and of orders by step, its longest tick, what failed on the way."""

    shard: int
    counts: Counter[str] = field(default_factory=Counter)
    longest_tick: timedelta = timedelta(0)
    errors: list[Exception] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """What a run keeps from tick to tick: its books, and when it last did what is not done at each tick.

    ``groups`` are those of the books that the next tick looks at.
    """

    groups: Mapping[Pair, tuple[Group, ...]]
    books: TickedBooks
    watched: Watched
    kept_at: datetime
    pruned_at: datetime
    sought_at: datetime


@dataclass(frozen=True, slots=True)
class WatchMarket:
    """The use case; ``look_at`` asks the venues for prices, ``tick_s`` is how often."""

    waiting: Waiting
    orders: Orders
    queue: Queue
    look_at: Callable[[Sequence[Pair]], Look]
    clock: Clock
    new_token: Callable[[], str]
    judge: JudgeTick
    tick_s: float
    shards: int

    def __call__(self, shard: int, ends_at: datetime, patience_s: float = 0) -> Watched:
        """Tick a shard until nothing waits in it, ``ends_at`` is near, or another function knocks.

        For ``patience_s`` it knocks at the function that ticks it now. Where nothing waits, the lease is
        given up before the last look: who commits an order after it finds it free, and starts a function.
        """
        watched = Watched(shard)
        knocks_until = self.clock.now() + timedelta(seconds=patience_s)
        while has_time(self.clock, ends_at) and self._has_work(shard):
            now = self.clock.now()
            knocks = now < knocks_until
            lease = self.waiting.take_shard(shard, self.new_token(), now, now + LEASE, knocks=knocks)
            if lease is not None:
                knocks_until = now
                self._watch(lease, ends_at, watched)
            elif knocks:
                self.clock.sleep(KNOCK_EVERY_S)
            else:
                break
        return watched

    def _has_work(self, shard: int) -> bool:
        return bool(self._groups(shard) or self._lost(shard))

    def _groups(self, shard: int) -> Mapping[Pair, tuple[Group, ...]]:
        found = self.waiting.groups()
        return {pair: of for pair, of in found.items() if shard_of(pair, self.shards) == shard}

    def _lost(self, shard: int) -> tuple[Order, ...]:
        """Return triggered orders, of whatever book, whose messages are lost: the first shard's care."""
        lost = () if shard else self.waiting.lost(self.clock.now() - LOST_AFTER)
        return lost if lost and self.queue.is_empty() else ()

    def _watch(self, lease: ShardLease, ends_at: datetime, watched: Watched) -> None:
        """Tick under a lease, and give it up."""
        now = self.clock.now()
        books = TickedBooks(self.waiting, lease, self.look_at)
        groups = self._groups(watched.shard)
        run = _Run(groups, books, watched, now, now - PRUNE_EVERY + FIRST_PRUNE, now - LOST_AFTER)
        while has_time(self.clock, ends_at) and not run.books.lease.is_wanted:
            began = self.clock.now()
            try:
                if not self._tick(run):
                    break
            except _LeaseLost:
                return
            except (Unavailable, OutcomeUnknown) as exc:
                watched.errors.append(exc)
                if not self._begin_again(run):
                    return
            watched.longest_tick = max(watched.longest_tick, self.clock.now() - began)
            if not run.books.lease.is_wanted:
                left = timedelta(seconds=self.tick_s) - (self.clock.now() - began)
                self.clock.sleep(left.total_seconds())
        self.waiting.leave_shard(run.books.lease)
        if run.books.lease.is_wanted:
            # Time for the one that knocked. Should it have ended since, this one goes on.
            self.clock.sleep(2 * KNOCK_EVERY_S)

    def _begin_again(self, run: _Run) -> bool:
        """After an error, read anew what is stored; False when the lease is lost."""
        now, lease = self.clock.now(), run.books.lease
        try:
            found = self.waiting.take_shard(lease.shard, lease.token, now, now + LEASE)
        except (Unavailable, OutcomeUnknown) as exc:
            run.watched.errors.append(exc)
            found = lease
        if found is not None:
            run.books = TickedBooks(self.waiting, found, self.look_at)
        return found is not None

    # --- one tick ------------------------------------------------------------------------------------

    def _tick(self, run: _Run) -> bool:
        """Do what one tick has to; False when nothing waits."""
        quotes_until = self.clock.now() + timedelta(seconds=self.tick_s / 2)
        if not run.groups:
            return self._send_lost(run)
        run.books.load(run.groups)
        self._judge_undone(run, run.groups)
        look = run.books.look(list(run.groups), self.clock.now)
        if look is None:
            self._keep(run)
        else:
            self._record(run, look)
        # Read after the tick is stored: what was placed before it is judged by it.
        groups = run.groups = self._groups(run.watched.shard)
        run.books.load(groups)
        self._judge(run, groups, look, quotes_until)
        if self.clock.now() - run.sought_at >= LOST_AFTER:
            self._send_lost(run)
        if self.clock.now() - run.pruned_at >= PRUNE_EVERY:
            run.pruned_at = self.clock.now()
            run.books.prune(groups, run.pruned_at)
        return True

    def _judge_undone(self, run: _Run, groups: Mapping[Pair, Sequence[Group]]) -> None:
        """Judge the newest tick where another run left it undone, while it is fresh.

        What that run triggered by it may have no message, whatever the queue shows.
        """
        lease, now = run.books.lease, self.clock.now()
        if lease.judged >= lease.slot or lease.ticked_at is None:
            return
        unsent = [one for one in self.waiting.lost(now) if one.queued_at >= lease.ticked_at]
        self._send_again(run, unsent)
        if now - lease.ticked_at <= FRESH:
            self._judge(run, groups, None, now)
        else:
            self.waiting.void(lease, list(groups))
            run.books = TickedBooks(self.waiting, replace(lease, judged=lease.slot), self.look_at)
            run.books.load(groups)

    def _judge(
        self, run: _Run, groups: Mapping[Pair, Sequence[Group]], look: Look | None, quotes_until: datetime
    ) -> None:
        """Judge the newest tick, unless it has been, and what is due by the time."""
        is_judged = run.books.lease.judged >= run.books.lease.slot
        ticked = {} if is_judged else run.books.ticked(groups)
        tick = Ticked(groups, ticked, look, quotes_until, lambda: self._keep(run))
        run.watched.counts += self.judge(tick)
        if not is_judged:
            lease = run.books.lease
            self.waiting.judged(lease)
            run.books.lease = replace(lease, judged=lease.slot)

    def _record(self, run: _Run, look: Look) -> None:
        now = self.clock.now()
        if not run.books.record(look, now + LEASE):
            raise _LeaseLost
        run.kept_at = now
        run.watched.counts["ticks"] += 1

    def _keep(self, run: _Run) -> None:
        """Renew the lease, if it was renewed some time ago."""
        now, lease = self.clock.now(), run.books.lease
        if now - run.kept_at < LEASE / 3:
            return
        kept = self.waiting.keep_shard(lease, now + LEASE)
        if kept is None:
            raise _LeaseLost
        run.kept_at, run.books.lease = now, kept

    def _send_lost(self, run: _Run) -> bool:
        """Send the messages of triggered orders again that no executor took; False when there are none."""
        run.sought_at = self.clock.now()
        return self._send_again(run, self._lost(run.watched.shard))

    def _send_again(self, run: _Run, orders: Sequence[Order]) -> bool:
        now = self.clock.now()
        again = [one for one in orders if self.orders.requeue(one, now)]
        self.judge.announce.send(again)
        run.watched.counts["resent"] += len(again)
        return bool(again)

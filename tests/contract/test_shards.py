"""What every store does with a shard of books: who ticks it, and which ticks are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from dexec.adapters.postgres.orders import PostgresOrders
from dexec.domain.order import confirm
from dexec.domain.quote import Pair
from dexec.domain.waiting.conditions import Stop
from dexec.domain.waiting.prices import Price
from dexec.ports import BookTick, ShardLease
from tests.contract.samples import FILL, NOW, after, stored, submitted
from tests.contract.waiting_samples import LIMIT, OCO, SOL_USDC, amending, bracket, open_order, waiting
from tests.proofs.simulation.backend import Backend

BOOK, OTHER = Pair("SOL", "USDC"), Pair("SOL", "USDT")


def lease_of(store: Backend, token: str = "mine", now: datetime = NOW) -> ShardLease:
    lease = store.waits.take_shard(0, token, now, now + timedelta(seconds=5))
    assert lease is not None
    return lease


def tick(slot: int, price: int = 150, pair: Pair = BOOK, at: datetime = NOW) -> BookTick:
    return BookTick(pair, slot, at, Fraction(price, 1000), Fraction(2 * price + 1, 2000))


# --- who ticks ---------------------------------------------------------------------------------------


def test_one_function_ticks_a_shard_until_its_lease_ends(store: Backend) -> None:
    assert not store.waits.is_ticked(0, NOW)
    mine = lease_of(store)
    assert mine == ShardLease(0, "mine")
    assert store.waits.is_ticked(0, after(4))
    assert not store.waits.is_ticked(0, after(5))
    assert store.waits.take_shard(0, "other", after(4), after(9)) is None
    assert store.waits.take_shard(1, "other", after(4), after(9)) is not None
    other = store.waits.take_shard(0, "other", after(5), after(10))
    assert other is not None
    assert store.waits.keep_shard(mine, after(20)) is None
    store.waits.leave_shard(mine)
    assert store.waits.is_ticked(0, after(9)), "who lost it cannot give it up"
    assert store.waits.keep_shard(other, after(30)) == other
    assert store.waits.is_ticked(0, after(29))
    store.waits.leave_shard(other)
    assert not store.waits.is_ticked(0, after(9))


def test_placing_claims_that_a_book_is_ticked_only_while_it_is(store: Backend) -> None:
    def is_ticked() -> bool:
        return store.orders.place(waiting(), None, None).is_ticked

    assert not is_ticked()
    lease = lease_of(store)
    seen = is_ticked()
    assert seen is isinstance(store.orders, PostgresOrders), (
        "where it is not looked for, the lease is read then"
    )
    store.waits.leave_shard(lease)
    assert not is_ticked()


def test_who_ticks_may_take_its_own_lease_again(store: Backend) -> None:
    lease_of(store)
    assert store.waits.take_shard(0, "mine", after(1), after(9)) == ShardLease(0, "mine")
    assert store.waits.is_ticked(0, after(8))


def test_who_knocks_is_seen_by_who_ticks(store: Backend) -> None:
    mine = lease_of(store)
    assert store.waits.take_shard(0, "other", NOW, after(5)) is None
    kept = store.waits.keep_shard(mine, after(5))
    assert kept is not None
    assert not kept.is_wanted
    assert store.waits.take_shard(0, "other", NOW, after(9), knocks=True) is None
    assert not store.waits.is_ticked(0, after(6)), "the lease lasts no longer for it"
    recorded = store.waits.record(mine, [tick(1)], ["orca"], after(5))
    assert recorded is not None
    assert recorded.is_wanted
    store.waits.leave_shard(recorded)
    other = store.waits.take_shard(0, "other", NOW, after(5), knocks=True)
    assert other is not None
    assert not other.is_wanted
    assert store.waits.keep_shard(other, after(9)) == other


def test_a_function_that_ticks_two_shards_keeps_them_apart(store: Backend) -> None:
    one = lease_of(store)
    other = store.waits.take_shard(1, "mine", NOW, after(5))
    assert other is not None
    one = store.waits.record(one, [tick(7)], ["orca"], after(5)) or one
    other = store.waits.record(other, [tick(7, pair=OTHER)], ["orca"], after(5)) or other
    store.waits.judged(one)
    store.waits.void(one, [BOOK, OTHER])
    assert store.waits.ticks([BOOK, OTHER], 0) == (tick(7), tick(7, pair=OTHER))
    assert store.waits.keep_shard(one, after(20)) == one
    assert [store.waits.is_ticked(shard, after(6)) for shard in (0, 1)] == [True, False]
    store.waits.leave_shard(one)
    assert [store.waits.is_ticked(shard, NOW) for shard in (0, 1)] == [False, True]
    assert store.waits.take_shard(1, "mine", NOW, after(5)) == other, "not judged"
    store.waits.void(other, [OTHER])
    assert store.waits.ticks([BOOK, OTHER], 0) == (tick(7),)


# --- ticks -------------------------------------------------------------------------------------------


def test_a_tick_is_stored_with_the_lease(store: Backend) -> None:
    lease = lease_of(store)
    ticks = [tick(7), tick(7, 151, OTHER)]
    recorded = store.waits.record(lease, ticks, ["orca", "raydium"], after(6))
    assert recorded == ShardLease(0, "mine", 7, 0, NOW, ("orca", "raydium"))
    assert store.waits.is_ticked(0, after(5.5))
    assert set(store.waits.ticks([BOOK, OTHER, Pair("USDC", "SOL")], 0)) == set(ticks)
    store.waits.judged(recorded)
    store.waits.leave_shard(recorded)
    assert lease_of(store, "next") == ShardLease(0, "next", 7, 7, NOW, ("orca", "raydium"))
    assert store.waits.take_shard(1, "another", NOW, after(9)) is not None
    assert store.waits.ticked_at() == {0: NOW}


def test_slots_rise_strictly_and_a_lost_lease_stores_nothing(store: Backend) -> None:
    lease = lease_of(store)
    recorded = store.waits.record(lease, [tick(7)], ["orca"], after(5))
    assert recorded is not None
    for slot in (7, 6):
        assert store.waits.record(recorded, [tick(slot, 99)], ["orca"], after(5)) is None
    store.waits.leave_shard(recorded)
    lease_of(store, "next")
    assert store.waits.record(recorded, [tick(8)], ["orca"], after(5)) is None
    store.waits.judged(recorded)
    store.waits.void(recorded, [BOOK])
    assert lease_of(store, "next").judged == 0
    assert store.waits.ticks([BOOK, OTHER], 0) == (tick(7),)


def test_two_shards_may_tick_a_book_while_their_number_changes(store: Backend) -> None:
    assert store.waits.record(lease_of(store), [tick(7)], ["orca"], after(5)) is not None
    other = store.waits.take_shard(1, "other", NOW, after(5))
    assert other is not None
    assert store.waits.record(other, [tick(7, 151), tick(7, pair=OTHER)], ["orca"], after(5)) is not None
    assert store.waits.ticks([BOOK, OTHER], 0) == (tick(7), tick(7, pair=OTHER))


def test_no_tick_counts_that_another_shard_saw_before_their_number_changed(store: Backend) -> None:
    """The first order of a shard that has not ticked yet: its book may have ticks all the same."""
    other = store.waits.take_shard(1, "other", NOW, after(5))
    assert other is not None
    assert store.waits.record(other, [tick(7)], ["orca"], after(5)) is not None
    order = open_order(store, OCO)
    store.orders.place(entry := bracket(), None, None)
    store.orders.save(confirm(submitted(store, entry.order), NOW, FILL))
    assert entry.exit is not None
    waits = [stored(store, one).waiting for one in (order, entry.exit)]
    store.orders.amend(amending(order, replace(LIMIT, stop=Stop(Price("140", SOL_USDC)))), None)
    waits.append(stored(store, order).waiting)
    assert [one and one.since for one in waits] == [7, 7, 7]


def test_a_tick_that_was_never_judged_is_voided_and_its_slot_stays_used(store: Backend) -> None:
    lease = lease_of(store)
    first = store.waits.record(lease, [tick(7)], ["orca"], after(5))
    assert first is not None
    store.waits.judged(first)
    store.waits.void(first, [BOOK])
    assert store.waits.ticks([BOOK], 0) == (tick(7),), "it was judged"
    second = store.waits.record(first, [tick(8), tick(8, pair=OTHER)], ["orca"], after(5))
    assert second is not None
    store.waits.void(first, [BOOK, OTHER])
    assert store.waits.ticks([BOOK, OTHER], 7) == (tick(8), tick(8, pair=OTHER)), "another's slot"
    store.waits.void(second, [BOOK, OTHER])
    store.waits.judged(first)
    assert store.waits.ticks([BOOK, OTHER], 0) == (tick(7),)
    assert lease_of(store) == ShardLease(0, "mine", 8, 8, NOW, ("orca",))


def test_old_ticks_are_deleted_but_for_those_that_are_kept(store: Backend) -> None:
    lease = lease_of(store)
    for slot in range(1, 7):
        one = [tick(slot, at=after(slot)), tick(slot, pair=OTHER, at=after(slot))]
        lease = store.waits.record(lease, one[:slot], ["orca"], after(5)) or lease
    assert store.waits.prune(BOOK, [2, 3], after(5)) == 2
    assert [one.slot for one in store.waits.ticks([BOOK], 0)] == [2, 3, 5, 6]
    assert [one.slot for one in store.waits.ticks([BOOK, OTHER], 4)] == [5, 5, 6, 6]

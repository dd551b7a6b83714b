"""Random histories of one waiting order: its client, executors and the market act on what they last saw."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

from dexec.domain.errors import CancelWished, LeaseLost, NotWaiting, StaleSeq
from dexec.domain.lifecycle import RESTING, TERMINAL, Status
from dexec.domain.order import Change, Order, build, cancel, confirm, submit, try_again
from dexec.domain.waiting.conditions import Limit
from dexec.domain.waiting.prices import Price
from dexec.domain.waiting.steps import amend, rest
from dexec.domain.waiting.terms import Terms
from dexec.domain.withdrawals import BY_CLIENT, withdrawal
from tests.contract.samples import FILL, LEASE, NOW, ROUTE, TRANSACTION, failure, read, stored, trading_key
from tests.contract.waiting_samples import OCO, SOL_USDC, rows, waiting
from tests.proofs.simulation.backend import Backend, in_memory

HISTORIES = 8
IN_MEMORY = 300
STEPS = 30
UNFILLED = frozenset({Status.SUBMITTED, Status.CONFIRMED, Status.CANCELLED})
"""Where an order may be from the moment on at which a cancel is noted."""


class History:
    """One order, what its client and two executors last saw of it, and what was promised about it."""

    def __init__(self, store: Backend, random: Random) -> None:
        self.store = store
        self.random = random
        self.now = NOW
        self.order = store.orders.place(waiting(OCO), None, None).order
        self.seen = self.order
        self.held: dict[str, Order] = {}
        self.over: Order | None = None
        self.is_noted = False

    def step(self) -> None:
        """Let one of them act, and look at what that left."""
        self.now += timedelta(seconds=self.random.choice((0, 0, 0, 26)))
        acts = (self.look, self.amend, self.trigger, self.claim, self.work, self.work, self.cancel)
        weights = (2, 2, 3, 3, 6, 6, 0.7)
        self.random.choices(acts, weights)[0]()
        self.check()

    def look(self) -> None:
        self.seen = stored(self.store, self.order)

    def amend(self) -> None:
        if self.seen.status in RESTING:
            terms = Terms(Limit(Price(str(self.random.randint(160, 190)), SOL_USDC)))
            change = amend(self.seen, self.now, self.seen.request, terms, None)
            with suppress(StaleSeq, NotWaiting):
                self.store.orders.amend(change, None)

    def trigger(self) -> None:
        if stored(self.store, self.order).status is Status.OPEN:
            self.store.audit.trigger(self.order.id)

    def claim(self) -> None:
        name = self.random.choice(("a", "b"))
        answer = self.store.orders.claim(self.order.id, name, self.now, self.now + LEASE)
        if answer.order is not None and answer.order.lease_token == name:
            self.held[name] = answer.order

    def work(self) -> None:
        """Let an executor go on from what it last wrote, however long ago that was."""
        if not self.held:
            return
        name = self.random.choice(sorted(self.held))
        order = self.held[name]
        change = self._next(order, self.now)
        try:
            self.store.orders.save(change)
        except LeaseLost:
            del self.held[name]
            return
        except CancelWished as wish:
            why = withdrawal(wish.by)
            change = cancel(order, self.now, why.by, why.error)
            self.store.orders.save(change)
        self.held[name] = change.after
        if change.after.lease_token is None:
            del self.held[name]

    def _next(self, order: Order, now: datetime) -> Change:
        match order.status:
            case Status.ROUTING:
                choices = [*[build(order, now, ROUTE)] * 3, rest(order, now, failure("no_venue"))]
            case Status.BUILDING:
                choices = [*[submit(order, now, TRANSACTION)] * 3, rest(order, now, failure("no_venue"))]
            case _:
                error = failure("blockhash_expired")
                choices = [confirm(order, now, FILL), rest(order, now, error), try_again(order, now, error)]
        return self.random.choice(choices)

    def cancel(self) -> None:
        cancels = self.store.control.cancel([self.order.id], self.now, BY_CLIENT, "alice")
        self.is_noted = self.is_noted or bool(cancels.noted)
        if cancels.ended:
            assert self.over is None, "it had ended"
            assert cancels.ended[0].order.status is Status.CANCELLED

    def check(self) -> None:
        order, events = read(self.store, self.order)
        assert [event.seq for event in events] == [*range(1, order.seq + 1)]
        assert events[-1].status is order.status
        versions = {version for _, _, version in rows(self.store, order).values()}
        assert versions == ({order.seq} if order.status in RESTING else set())
        assert not self.is_noted or order.status in UNFILLED
        assert self.over in (None, order), "it is over, and changes no more"
        if order.status in TERMINAL:
            self.over = order


def play(store: Backend, seed: int) -> History:
    history = History(store, Random(seed))
    for _ in range(STEPS):
        history.step()
    return history


def test_a_cancel_a_fill_and_an_amendment_have_one_winner(store: Backend) -> None:
    for seed in range(HISTORIES):
        play(store, seed)


def test_random_histories_come_to_every_end() -> None:
    ends = set()
    for seed in range(IN_MEMORY):
        store = in_memory()
        store.api_keys.add(trading_key())
        history = play(store, seed)
        ends.add((stored(store, history.order).status, history.is_noted))
    assert ends >= {
        (Status.CANCELLED, False),
        (Status.CANCELLED, True),
        (Status.CONFIRMED, False),
        (Status.CONFIRMED, True),
    }

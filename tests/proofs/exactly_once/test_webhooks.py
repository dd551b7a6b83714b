"""A sender that dies at any point: what it had to send is sent again, in order, and nothing is lost."""

from __future__ import annotations

from itertools import count

import pytest

from dexec.domain.webhooks import Try
from tests.support.fakes.webhooks import Posted
from tests.support.hooked import Faulty, Hooked, Killed

CALLS = 9
"""Of the store, by a sender that sends six events: take, six records, leave or finish, and one to spare."""

ALL = [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("fault", ["killed before", "killed after", "down", "unknown"])
@pytest.mark.parametrize("place", range(CALLS))
def test_a_fault_at_any_call_of_the_store_costs_a_repeat_at_the_most(fault: str, place: int) -> None:
    hooked = Hooked()
    hooked.create()
    faults = [fault, *[""] * place]
    object.__setattr__(hooked.deliver, "outbox", Faulty(hooked.backend.outbox, faults))
    order = hooked.execute(hooked.place())
    hooked.survive(hours=1)
    got = hooked.seqs(order)
    assert list(dict.fromkeys(got)) == ALL
    assert got == sorted(got)
    assert len(got) <= len(ALL) + 1


@pytest.mark.parametrize("seq", ALL)
def test_a_sender_that_dies_between_send_and_mark_sends_again(seq: int) -> None:
    hooked = Hooked()
    hook = hooked.create()
    killed = count()

    def dying(posted: Posted) -> Try:
        if posted.seq == seq and next(killed) == 0:
            raise Killed
        return Try(200)

    hooked.post.answer = dying
    order = hooked.execute(hooked.place())
    hooked.survive(hours=1)
    assert hooked.seqs(order) == [*range(1, seq + 1), *range(seq, 7)]
    twice = [one for one in hooked.post.got if one.seq == seq]
    assert twice[0].id == twice[1].id, "by which the receiver knows that it has it"
    assert twice[0].body == twice[1].body
    found = hooked.manage.deliveries(hook.id, "alice", None, 10, None).deliveries
    assert [one.tries for one in found] == [1] * 6, "only what is known to have been tried is counted"


def test_an_order_that_ends_while_its_sender_is_frozen_is_not_forgotten() -> None:
    """The sender read the events before the last one; its hint found the line leased."""
    hooked = Hooked()
    hooked.create()
    order = hooked.place()

    def frozen(_: Posted) -> Try:
        hooked.post.answer = lambda _: Try(200)
        hooked.execute(order)
        hooked.work()
        hooked.clock.advance(40)
        return Try(200)

    hooked.post.answer = frozen
    hooked.work()
    assert hooked.seqs(order) == ALL
    assert not hooked.queue.messages


@pytest.mark.parametrize("answer", [Try(200), Try(500, "answered 500")])
def test_a_sender_whose_lease_ended_records_nothing_and_sends_nothing_more(answer: Try) -> None:
    hooked = Hooked()
    hooked.create()
    order = hooked.execute(hooked.place())

    def very_slow(_: Posted) -> Try:
        hooked.post.answer = lambda _: Try(200)
        hooked.clock.advance(80)
        # Another sender has the line by now, and sends all of it.
        hooked.work()
        return answer

    hooked.post.answer = very_slow
    hooked.work()
    assert hooked.seqs(order) == [1, *ALL]
    (hook,) = hooked.manage.of_client("alice")
    found = hooked.manage.deliveries(hook.id, "alice", None, 10, None).deliveries
    assert {(one.state, one.tries) for one in found} == {("delivered", 1)}


def test_a_replay_that_comes_in_between_begins_anew_and_the_first_sender_stops() -> None:
    hooked = Hooked()
    hook = hooked.create()
    order = hooked.execute(hooked.place())

    def replayed(posted: Posted) -> Try:
        if posted.seq == 2:
            hooked.post.answer = lambda _: Try(200)
            assert hooked.manage.replay(hook.id, "alice", f"msg_{order.id}_1") == 1
        return Try(200)

    hooked.post.answer = replayed
    hooked.work()
    assert hooked.seqs(order) == [1, 2, *ALL]

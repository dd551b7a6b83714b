from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dexec_client.raw.events import Event, Sequencer, from_frame
from dexec_client.raw.json_types import Document


def event(seq: int, order_id: str = "ord_1", status: str = "routing") -> Event:
    return Event(order_id, seq, status, None, 1, "", {})


def test_a_frame_gives_its_earlier_events_first() -> None:
    frame: Document = {
        "type": "status",
        "orderId": "ord_1",
        "seq": 3,
        "status": "routing",
        "step": "quotes",
        "attempt": 1,
        "at": "2026-01-01T00:00:00.000Z",
        "reason": "best price",
        "earlier": [{"seq": 2, "status": "routing", "attempt": 1, "at": "2026-01-01T00:00:00.000Z"}],
    }
    second, third = from_frame(frame)
    assert (second.seq, second.step, second.detail) == (2, None, {})
    assert (third.seq, third.step, third.detail) == (3, "quotes", {"reason": "best price"})


def test_an_event_that_comes_early_waits_for_those_before_it() -> None:
    sequencer = Sequencer()
    assert list(sequencer.take([event(2)])) == []
    assert sequencer.last("ord_1") == 0
    assert [e.seq for e in sequencer.take([event(1)])] == [1, 2]
    assert sequencer.last("ord_1") == 2


def test_orders_do_not_wait_for_each_other() -> None:
    sequencer = Sequencer()
    assert list(sequencer.take([event(2, "ord_1")])) == []
    assert [e.order_id for e in sequencer.take([event(1, "ord_2")])] == ["ord_2"]


def test_skipped_events_are_not_given_out() -> None:
    sequencer = Sequencer()
    sequencer.skip("ord_1", 2)
    assert [e.seq for e in sequencer.take([event(1), event(2), event(3)])] == [3]


@given(st.permutations(range(1, 9)), st.lists(st.integers(1, 8), max_size=20))
def test_whatever_the_order_of_arrival_each_event_is_given_out_once_and_in_order(
    arrivals: list[int], repeats: list[int]
) -> None:
    sequencer = Sequencer()
    shown = [e.seq for seq in [*repeats, *arrivals, *repeats] for e in sequencer.take([event(seq)])]
    assert shown == list(range(1, 9))

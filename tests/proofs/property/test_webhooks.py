"""Random failures of everything around the sender: every event arrives, and none overtakes another."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dexec.domain.webhooks import MAX_TRIES, Try
from tests.support.fakes.webhooks import Posted
from tests.support.hooked import Faulty, Hooked, Killed

ANSWERS = st.lists(st.sampled_from(["ok", "500", "silent", "killed"]), max_size=MAX_TRIES - 1)
FAULTS = st.lists(st.sampled_from(["", "down", "unknown", "killed before", "killed after"]), max_size=12)
HINTS = st.lists(st.booleans(), min_size=3, max_size=3)


@settings(max_examples=100)
@given(ANSWERS, FAULTS, HINTS)
def test_every_event_arrives_at_least_once_and_in_order(
    answers: list[str], faults: list[str], hints: list[bool]
) -> None:
    hooked = Hooked()
    hook = hooked.create()
    acknowledged: list[tuple[str, int]] = []

    def answer(posted: Posted) -> Try:
        said = answers.pop() if answers else "ok"
        if said == "500":
            return Try(500, "answered 500")
        if said == "silent":
            return Try(None, "no answer")
        acknowledged.append((posted.id.rpartition("_")[0], posted.seq))
        if said == "killed":
            # The receiver has it; the sender dies before it knows.
            raise Killed
        return Try(200)

    hooked.post.answer = answer
    object.__setattr__(hooked.deliver, "outbox", Faulty(hooked.backend.outbox, faults))
    orders = [hooked.place() for _ in hints]
    for order, is_hinted in zip(orders, hints, strict=True):
        hooked.execute(order, hinting=is_hinted)
    hooked.survive(hours=27)
    for order in orders:
        got = [seq for one, seq in acknowledged if one == f"msg_{order.id}"]
        firsts = list(dict.fromkeys(got))
        assert firsts == [1, 2, 3, 4, 5, 6], "each arrives, and none before the one before it"
        assert got == sorted(got), "what is sent again is the last that was sent"
    assert all(one.is_signed(hook.secret) for one in hooked.post.got)
    assert len(hooked.post.got) <= 18 + 7 + 12, "each fault costs one try at the most"

"""What a notifier waits for, what it makes of each connection, and what it tells the store in the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from dexec.domain.errors import StoreUnavailable
from dexec.domain.lifecycle import Status
from dexec.domain.order import Event
from dexec.ports import Deliveries, Watcher
from dexec.usecases.notify import Notifier
from tests.support.fakes import START, FakeClock, FakePush, FakeWatching, Store


class Threads(Executor):
    """Pushes at once, but for connections that are ``slow``, ``hanging``, or wait in the ``line`` for ever.

    ``waited`` has for each wait the seconds and how many it was for; slow ones end during the second.
    """

    def __init__(self) -> None:
        self.slow: set[str] = set()
        self.hanging: set[str] = set()
        self.line: set[str] = set()
        self.futures: dict[str, Future[Any]] = {}
        self.waited: list[tuple[float, int]] = []
        self._later: list[tuple[Future[Any], Callable[[], object]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        one = args[0].watcher.connection_id
        future = self.futures[one] = Future()
        if one in self.line:
            return future
        future.set_running_or_notify_cancel()
        if one in self.slow:
            self._later.append((future, lambda: fn(*args, **kwargs)))
        elif one not in self.hanging:
            future.set_result(fn(*args, **kwargs))
        return future

    def wait(self, futures: Collection[Future[None]], seconds: float) -> None:
        """Note what is waited for."""
        self.waited.append((round(seconds, 6), len(futures)))
        if len(self.waited) == 2:
            for future, push in self._later:
                future.set_result(push())


class Settling(FakeWatching):
    """Keeps what it is told, or is away."""

    def __init__(self) -> None:
        super().__init__(Store())
        self.told: list[Deliveries] = []
        self.is_away = False

    def settle(self, deliveries: Deliveries) -> None:
        self.told.append(deliveries)
        if self.is_away:
            raise StoreUnavailable("away")


class Scene:
    """A notifier with everything around it."""

    def __init__(self) -> None:
        self.clock, self.push, self.watching, self.threads = FakeClock(), FakePush(), Settling(), Threads()
        self.push.post = self._post  # type: ignore[method-assign]
        self.posted: list[str] = []
        self.notifier = Notifier(
            self.push,
            self.watching,
            self.clock,
            self.threads,
            lambda events: (",".join(str(event.seq) for event in events).encode(), len(events)),
            deadline_s=2,
            gather_s=0,
            slow_threads=self.threads,
            waiting=self.threads.wait,
        )

    def _post(self, connection_id: str, frame: bytes) -> Any:
        self.posted.append(f"{connection_id}: {frame.decode()}")
        return FakePush.post(self.push, connection_id, b"{}")

    def tell(
        self,
        *watchers: Watcher,
        ends_in_s: float = 20,
        patiently: bool = False,
        events: Sequence[Event] | None = None,
    ) -> Deliveries | None:
        """Notify of one event, and return what the store was told."""
        ends_at = self.clock.now() + timedelta(seconds=ends_in_s)
        with self.notifier.until(ends_at, patiently=patiently) as notifier:
            notifier.notify(events or [event(1)], watchers)
        return self.watching.told[-1] if self.watching.told else None


@pytest.fixture
def scene() -> Scene:
    return Scene()


def event(seq: int, status: Status = Status.ROUTING, age_s: float = 0) -> Event:
    return Event("ord_1", seq, status, None, 1, None, START - timedelta(seconds=age_s))


def watcher(name: str, failures: int = 0, age_s: float = 60) -> Watcher:
    return Watcher(name, START - timedelta(seconds=age_s), failures)


@pytest.mark.parametrize(
    ("ends_in_s", "waited"),
    [
        (20, [0.5, 1.5, 0.1]),
        (2.5, [0.5, 1, 0.1]),
        (1.25, [0.25, 0, 0.1]),
        (1.05, [0.05, 0, 0.05]),
        (1, [0, 0, 0]),
        (0.5, [0, 0, 0]),
    ],
)
def test_it_waits_two_seconds_and_leaves_one_of_its_time(
    scene: Scene, ends_in_s: float, waited: list[float]
) -> None:
    scene.tell(watcher("own"), ends_in_s=ends_in_s)
    assert [seconds for seconds, _ in scene.threads.waited] == pytest.approx(waited)


def test_suspects_are_waited_for_apart_unless_there_is_time(scene: Scene) -> None:
    watchers = [watcher("own"), watcher("other"), watcher("suspect", failures=1)]
    scene.tell(*watchers)
    assert scene.threads.waited == [(0.5, 2), (1.5, 2), (0.1, 1)]
    scene.threads.waited.clear()
    scene.tell(*watchers, patiently=True)
    assert scene.threads.waited == [(0.5, 3), (1.5, 3), (0.1, 0)]


def test_without_anyone_to_tell_nothing_is_waited_for_nor_recorded(scene: Scene) -> None:
    assert scene.tell() is None
    with scene.notifier.until(scene.clock.now()):
        pass
    assert scene.threads.waited == []


def test_what_became_of_each_connection_is_recorded(scene: Scene) -> None:
    scene.push.failing = {"failing"}
    scene.push.gone = {"gone"}
    scene.threads.slow = {"slow"}
    scene.threads.hanging = {"hanging"}
    scene.threads.line = {"in line"}
    told = scene.tell(*map(watcher, ("fine", "failing", "gone", "slow", "hanging", "in line")))
    assert told == Deliveries(
        "ord_1",
        False,
        delivered=frozenset({"fine", "slow"}),
        failed=frozenset({"failing"}),
        gone=frozenset({"gone"}),
        missed=frozenset({"hanging", "in line"}),
        overdue=frozenset({"hanging"}),
        slow=frozenset({"slow"}),
    )
    assert scene.notifier.undelivered == {"failing", "hanging", "in line"}
    assert scene.notifier.failures == 3
    assert [one for one, future in scene.threads.futures.items() if future.cancelled()] == ["in line"]


def test_the_end_of_an_order_is_recorded_as_such(scene: Scene) -> None:
    told = scene.tell(watcher("own"), events=[event(1), event(2, Status.CONFIRMED)])
    assert told == Deliveries("ord_1", True, delivered=frozenset({"own"}))


def test_a_suspect_that_receives_in_time_has_recovered(scene: Scene) -> None:
    scene.threads.slow = {"slow"}
    told = scene.tell(
        watcher("fine"), watcher("suspect", failures=1), watcher("slow", failures=1), patiently=True
    )
    assert told is not None
    assert told.delivered == {"fine", "suspect", "slow"}
    assert told.recovered == {"suspect"}
    assert told.slow == {"slow"}


@pytest.mark.parametrize(("failures", "is_last"), [(3, False), (4, True), (5, True)])
def test_the_fifth_failure_in_a_row_closes_a_connection(scene: Scene, failures: int, is_last: bool) -> None:
    scene.push.failing = {"failing"}
    scene.threads.hanging = {"hanging"}
    scene.threads.line = {"in line"}
    names = ("failing", "hanging", "in line", "fine")
    told = scene.tell(*(watcher(name, failures) for name in names), patiently=True)
    assert told is not None
    closed = {"failing", "hanging"} if is_last else set()
    assert told.gone == closed
    assert scene.push.gone == closed
    assert told.missed | told.failed == {"failing", "hanging", "in line"} - closed
    assert told.overdue == {"hanging"} - closed
    assert scene.notifier.undelivered == {"failing", "hanging", "in line"} - closed
    assert scene.notifier.failures == 3, "who is closed has not received everything either"


def test_one_that_cannot_be_closed_has_failed_once_more(scene: Scene) -> None:
    scene.push.failing = scene.push.unclosable = {"failing"}
    told = scene.tell(watcher("failing", failures=4))
    assert told == Deliveries("ord_1", False, failed=frozenset({"failing"}))
    assert scene.notifier.failures == 1


@pytest.mark.parametrize(("age_s", "is_opening"), [(29.999, True), (30, False)])
def test_a_connection_opens_for_half_a_minute(scene: Scene, age_s: float, is_opening: bool) -> None:
    scene.push.gone = {"one"}
    told = scene.tell(watcher("one", age_s=age_s))
    assert told is not None
    assert told.missed == ({"one"} if is_opening else set())
    assert told.gone == (set() if is_opening else {"one"})
    assert told.overdue == set()


@pytest.mark.parametrize("name", ["failing", "hanging"])
def test_what_could_not_be_recorded_is_an_error_where_something_is_left_to_send(
    scene: Scene, name: str
) -> None:
    scene.push.failing = {"failing"}
    scene.threads.hanging = {"hanging"}
    scene.watching.is_away = True
    scene.tell(watcher("fine"))
    assert scene.notifier.error is None
    scene.tell(watcher(name))
    assert str(scene.notifier.error) == "away"


@pytest.mark.parametrize(
    ("age_s", "posted"), [(0.09, ["own: 1", "own: 2,3"]), (0.11, ["own: 1,2,3"]), (60, ["own: 1,2,3"])]
)
def test_events_are_batched_after_a_tenth_of_a_second(scene: Scene, age_s: float, posted: list[str]) -> None:
    scene.tell(watcher("own"), events=[event(1, age_s=age_s), event(2), event(3)])
    assert scene.posted == posted


def test_only_the_first_event_of_an_order_says_whether_it_is_late(scene: Scene) -> None:
    with scene.notifier.until(scene.clock.now()) as notifier:
        notifier.notify([event(1)], [])
        scene.clock.advance(60)
        notifier.notify([event(2, age_s=60), event(3)], [watcher("own")])
    assert scene.posted == ["own: 2", "own: 3"]


def test_who_catches_up_gets_in_one_frame_what_others_got_in_several(scene: Scene) -> None:
    scene.threads.slow = {"slow"}
    with scene.notifier.until(scene.clock.now() + timedelta(seconds=20)) as notifier:
        for seq in (1, 2, 3):
            notifier.notify([event(seq)], [watcher("own"), watcher("slow")])
    assert scene.posted == ["own: 1", "own: 2", "own: 3", "slow: 1", "slow: 2,3"]


def test_a_connection_that_failed_or_is_gone_is_posted_nothing_more(scene: Scene) -> None:
    scene.push.failing, scene.push.gone = {"failing"}, {"gone"}
    with scene.notifier.until(scene.clock.now()) as notifier:
        for seq in (1, 2):
            notifier.notify([event(seq)], [watcher("failing"), watcher("gone"), watcher("own")])
    assert scene.posted == ["failing: 1", "gone: 1", "own: 1", "own: 2"]


@pytest.mark.parametrize(("patiently", "apart"), [(False, ["suspect"]), (True, [])])
def test_suspects_have_threads_of_their_own_unless_there_is_time(
    scene: Scene, patiently: bool, apart: list[str]
) -> None:
    slow = Threads()
    scene.notifier._slow_threads = slow
    scene.tell(watcher("own"), watcher("suspect", failures=1), patiently=patiently)
    assert [*slow.futures] == apart
    assert [*scene.threads.futures, *apart] == ["own", "suspect"]


@pytest.mark.parametrize(
    ("first", "slow", "is_gathered"),
    [
        (event(1), set(), True),
        (event(1, age_s=60), set(), False),
        (event(1, age_s=60), {"own", "other"}, True),
        (event(1, Status.FAILED, age_s=60), set(), True),
    ],
    ids=["in time", "late", "at the end", "late and over"],
)
def test_only_a_late_order_that_goes_on_is_gathered_and_once(
    scene: Scene, first: Event, slow: set[str], is_gathered: bool
) -> None:
    scene.threads.slow = slow
    waits: list[bool] = []
    gathered = scene.notifier._gathered
    with patch.object(gathered, "wait", lambda _: waits.append(gathered.is_set())):
        scene.tell(watcher("own"), watcher("other"), events=[first])
    assert waits == [is_gathered, True]

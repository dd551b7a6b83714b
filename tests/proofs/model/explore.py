"""Exhaustive exploration of the model, and the projection under which real histories are its paths."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Generic, NamedTuple, TypeVar

from dexec.domain.lifecycle import TERMINAL, Status
from tests.proofs.model.model import PROMISED, Rules, State, broken, steps

S = TypeVar("S")


@dataclass(frozen=True)
class Machine(Generic[S]):
    """A model: where it starts, its steps, what is wrong with a state, and whether it is an end."""

    start: S
    steps: Callable[[S], Iterable[tuple[str, S]]]
    broken: Callable[[S], str | None]
    is_over: Callable[[S], bool]


@dataclass
class Explored(Generic[S]):
    """All reachable states; ``fault`` is the path to the first broken one."""

    states: set[S] = field(default_factory=set)
    transitions: int = 0
    fault: list[str] | None = None
    stuck: int = 0
    """States from which no end can be reached."""


def explore(rules: Rules = PROMISED) -> Explored[State]:
    """Explore the model of one order's execution."""
    machine = Machine(State(), partial(steps, rules=rules), broken, lambda state: state.status in TERMINAL)
    return explore_machine(machine)


def explore_machine(machine: Machine[S]) -> Explored[S]:
    """Explore breadth first; stop at the first broken state."""
    found: Explored[S] = Explored({machine.start})
    came: dict[S, tuple[S, str]] = {}
    before: dict[S, list[S]] = defaultdict(list)
    waiting = deque([machine.start])
    while waiting:
        state = waiting.popleft()
        for name, after in machine.steps(state):
            found.transitions += 1
            before[after].append(state)
            if after in found.states:
                continue
            found.states.add(after)
            came[after] = (state, name)
            if (reason := machine.broken(after)) is not None:
                found.fault = [*_path(after, came), reason]
                return found
            waiting.append(after)
    good = {state for state in found.states if machine.is_over(state)}
    found.stuck = len(found.states) - len(_leading_to(good, before))
    return found


def _path(state: S, came: dict[S, tuple[S, str]]) -> list[str]:
    names = []
    while state in came:
        state, name = came[state]
        names.append(name)
    return names[::-1]


def _leading_to(good: set[S], before: dict[S, list[S]]) -> set[S]:
    found = set(good)
    waiting = deque(good)
    while waiting:
        for earlier in before[waiting.popleft()]:
            if earlier not in found:
                found.add(earlier)
                waiting.append(earlier)
    return found


class Seen(NamedTuple):
    """What can be seen of an order from outside: its row and the chain."""

    status: Status
    attempt: int
    is_held: bool
    has_transaction: bool
    sent: int
    filled: int


def project(state: State) -> Seen:
    """Return what can be seen of a model state."""
    return Seen(
        state.status,
        state.attempt,
        state.owner is not None,
        state.tx >= 0,
        sum(tx.is_at not in ("signed", "refused") for tx in state.txs),
        sum(tx.is_at == "filled" for tx in state.txs),
    )


class _Node:
    """Every model state in which the model may be after what was seen; nodes are made once and kept."""

    def __init__(self, seen: Seen, states: set[State]) -> None:
        self.seen = seen
        self._leaving = _leaving(seen, states)
        self._next: dict[Seen, _Node] = {}

    def after(self, seen: Seen) -> _Node | None:
        """Return the node when ``seen`` is seen next; None when no path of the model leads there."""
        if seen not in self._next and seen in self._leaving:
            self._next[seen] = _Node(seen, self._leaving.pop(seen))
        return self._next.get(seen)


def _leaving(seen: Seen, states: set[State]) -> dict[Seen, set[State]]:
    """Return the states one visible step after ``states``, and after all that the model reaches from them
    without anything to be seen, by what is seen of them.
    """
    reached, waiting = set(states), list(states)
    leaving: dict[Seen, set[State]] = defaultdict(set)
    while waiting:
        for later, looks in _next_states(waiting.pop()):
            if looks != seen:
                leaving[looks].add(later)
            elif later not in reached:
                reached.add(later)
                waiting.append(later)
    return dict(leaving)


@cache
def _next_states(state: State) -> tuple[tuple[State, Seen], ...]:
    return tuple((later, project(later)) for later in {later for _, later in steps(state)})


_START = _Node(project(State()), {State()})


class Follower:
    """Follows a real history through the model."""

    def __init__(self) -> None:
        self._node = _START

    @property
    def seen(self) -> Seen:
        """What was seen last."""
        return self._node.seen

    def see(self, seen: Seen) -> None:
        """Go on to what is seen now; raise ``AssertionError`` when no path of the model leads there."""
        if seen == self.seen:
            return
        node = self._node.after(seen)
        assert node is not None, f"no path of the model leads from {self.seen} to {seen}"
        self._node = node

"""One order, the processes that work on it and the chain, as an explicit-state model.

It leaves out what cannot matter to safety: a lease may lapse at any moment, a message may be delivered at
any moment and to anybody, a process may stop anywhere, time passes whenever it likes. So everything that
the engine does is a path of the model, and the model does more. Bounds: two processes, three attempts
and as many transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from dexec.domain.lifecycle import TERMINAL, Status

PROCESSES = (0, 1)

At = Literal["idle", "fresh", "built", "storing", "signed", "poll", "read", "status"]


class Process(NamedTuple):
    """Where a process is; ``tx`` is the transaction it follows, ``expired`` what the height told it."""

    at: At = "idle"
    tx: int = -1
    expired: bool = False
    landed: bool = False


IDLE = Process()


class Tx(NamedTuple):
    """A transaction; ``refused`` when no cluster takes its bytes.

    ``expired`` says that its last valid height has passed, ``ruled_out`` that a look has said so for good.
    """

    is_at: Literal["signed", "refused", "sent", "filled", "slipped"]
    expired: bool = False
    ruled_out: bool = False


Switch = Literal["off", "set", "held"]
"""The kill switch: ``set`` when that was committed, ``held`` when the command that set it has returned."""


class State(NamedTuple):
    """The order as stored, the processes, the chain, the switch.

    ``has_leaked`` says that a signature was stored although a pause had returned.
    """

    status: Status = Status.PENDING
    attempt: int = 1
    owner: int | None = None
    tx: int = -1
    processes: tuple[Process, ...] = (IDLE, IDLE)
    txs: tuple[Tx, ...] = ()
    switch: Switch = "off"
    has_leaked: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the engine and the chain promise to do; turning one off shows that the model needs it."""

    height_first: bool = True
    store_first: bool = True
    guarded: bool = True
    wait_for_expiry: bool = True
    rules_out: bool = True
    """A look that finds a transaction expired, and not landed, keeps it from landing later."""
    looks_at_switch: bool = True
    """The statement that stores a signature sees the switch, as it was when the statement began."""
    fences: bool = True
    """A pause takes the lease of an order that is being routed or built before it returns."""
    has_switch: bool = False
    """Whether there is anyone who pauses: most states have nothing to do with that."""
    attempts: int = 3
    punctual: bool = False
    """What was sent lands while its blockhash is valid, or never."""


PROMISED = Rules()
"""The paper cluster: a send that was held up may settle after the blockhash has expired, until ruled out."""

PAUSED = Rules(has_switch=True, attempts=2)
"""With the switch; two attempts are enough to sign before a pause and again after it."""

PUNCTUAL = Rules(rules_out=False, punctual=True)
"""A chain whose validators drop what has expired; there is nothing to rule out."""


def steps(state: State, rules: Rules = PROMISED) -> Iterator[tuple[str, State]]:
    """Yield every step from ``state``, named."""
    for name, after in _steps(state, rules):
        yield name, _canonical(after)


def _canonical(state: State) -> State:
    """Return one of the two states that differ only in which process is which."""
    first, second = state.processes
    if (first, state.owner == 0) <= (second, state.owner == 1):
        return state
    owner = None if state.owner is None else 1 - state.owner
    return state._replace(processes=(second, first), owner=owner)


def _steps(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    yield from _world(state, rules)
    yield from _operators(state, rules)
    for one in PROCESSES:
        process = state.processes[one]
        if process.at == "idle":
            if state.status not in TERMINAL:
                yield "claim", _claim(state, one)
            continue
        yield "crash", _move(state, one, IDLE)
        if state.owner == one:
            yield "release", _move(state, one, IDLE)._replace(owner=None)
        yield from _work(state, one, process, rules)


def _world(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    for number, tx in enumerate(state.txs):
        can_land = not (tx.expired if rules.punctual else tx.ruled_out)
        if tx.is_at == "sent" and can_land:
            yield "fill", _chain(state, number, tx._replace(is_at="filled"))
            yield "slip", _chain(state, number, tx._replace(is_at="slipped"))
        if not tx.expired:
            yield "expire", _chain(state, number, tx._replace(expired=True))


def _operators(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    is_unsigned = state.status in (Status.ROUTING, Status.BUILDING)
    if state.status is Status.PENDING or is_unsigned:
        yield "cancel", state._replace(status=Status.CANCELLED, owner=None)
    if state.status is Status.PENDING:
        yield "withdraw", state._replace(status=Status.FAILED, owner=None)
    if not rules.has_switch:
        return
    if state.switch == "off":
        yield "pause", state._replace(switch="set")
    else:
        yield "resume", state._replace(switch="off")
    if state.switch == "set":
        fenced = state._replace(owner=None) if rules.fences and is_unsigned else state
        yield "pause returns", fenced._replace(switch="held")


def _claim(state: State, one: int) -> State:
    if state.status is Status.SUBMITTED:
        return _move(state, one, Process("poll", state.tx))._replace(owner=one)
    return _move(state, one, Process("fresh"))._replace(owner=one, status=Status.ROUTING)


def _work(state: State, one: int, process: Process, rules: Rules) -> Iterator[tuple[str, State]]:
    if process.at in ("fresh", "built"):
        yield from _next_attempt(state, one, rules)
        yield "fail", _end(state, one, Status.FAILED, rules)
    if process.at == "fresh":
        yield "build", _save(state, one, rules, Process("built"), status=Status.BUILDING)
    elif process.at == "built" and len(state.txs) < rules.attempts:
        if not rules.has_switch:
            yield from _submit(state, one, rules)
        elif state.switch == "off" or not rules.looks_at_switch:
            # With the switch on it is refused, and the lease released.
            yield "begin to store", _move(state, one, Process("storing"))
    elif process.at == "storing":
        yield from _submit(state, one, rules)
    elif process.at == "signed":
        yield "send is lost", _move(state, one, process._replace(at="poll"))
        yield "send", _sent(state, one, process)
        if state.txs[process.tx].is_at in ("signed", "refused"):
            refused = _chain(state, process.tx, Tx("refused", state.txs[process.tx].expired))
            yield "send is refused", _end(refused, one, Status.FAILED, rules)
            yield "end as wished", _end(refused, one, Status.CANCELLED, rules)
    elif process.at == "poll":
        yield from _look(state, one, process, rules)
    elif process.at in ("read", "status"):
        yield from _decide(state, one, process, rules)


def _submit(state: State, one: int, rules: Rules) -> Iterator[tuple[str, State]]:
    number = len(state.txs)
    stored = state._replace(txs=(*state.txs, Tx("signed")))
    following = Process("signed", number)
    if rules.store_first:
        leak = state.has_leaked or state.switch == "held"
        submitted = {"status": Status.SUBMITTED, "tx": number, "has_leaked": leak}
        yield "submit", _save(stored, one, rules, following, **submitted)
        return
    sent = _chain(stored, number, Tx("sent"))
    yield "send, then submit", _move(sent, one, IDLE)
    yield "send, then submit", _save(sent, one, rules, following, status=Status.SUBMITTED, tx=number)


def _sent(state: State, one: int, process: Process) -> State:
    tx = state.txs[process.tx]
    after = _move(state, one, process._replace(at="poll"))
    takes = tx.is_at == "signed" and not tx.expired
    return _chain(after, process.tx, tx._replace(is_at="sent")) if takes else after


def _look(state: State, one: int, process: Process, rules: Rules) -> Iterator[tuple[str, State]]:
    tx = state.txs[process.tx]
    if rules.height_first:
        yield "read the height", _move(state, one, process._replace(at="read", expired=tx.expired))
    else:
        landed = tx.is_at in ("filled", "slipped")
        yield "read the status", _move(state, one, process._replace(at="status", landed=landed))


def _decide(state: State, one: int, process: Process, rules: Rules) -> Iterator[tuple[str, State]]:
    tx = state.txs[process.tx]
    landed = tx.is_at in ("filled", "slipped") if process.at == "read" else process.landed
    expired = process.expired if process.at == "read" else tx.expired
    if landed and tx.is_at == "filled":
        yield "confirm", _end(state, one, Status.CONFIRMED, rules)
    elif landed:
        yield from _next_attempt(state, one, rules)
        yield "fail", _end(state, one, Status.FAILED, rules)
        yield "end as wished", _end(state, one, Status.CANCELLED, rules)
    elif expired and rules.rules_out and not tx.ruled_out:
        yield "rule out", _chain(state, process.tx, tx._replace(ruled_out=True))
    elif expired or not rules.wait_for_expiry:
        yield from _next_attempt(state, one, rules)
        # A cancel may be noted at any moment before: it changes nothing else.
        yield "end as wished", _end(state, one, Status.CANCELLED, rules)
    else:
        yield "look again", _move(state, one, Process("signed", process.tx))


def _next_attempt(state: State, one: int, rules: Rules) -> Iterator[tuple[str, State]]:
    if state.attempt >= rules.attempts:
        yield "fail", _end(state, one, Status.FAILED, rules)
        return
    again = {"status": Status.ROUTING, "attempt": state.attempt + 1, "tx": -1}
    yield "try again", _save(state, one, rules, Process("fresh"), **again)
    yield "try again later", _save(state, one, rules, IDLE, **again, owner=None)


def _end(state: State, one: int, status: Status, rules: Rules) -> State:
    return _save(state, one, rules, IDLE, status=status, owner=None)


def _save(state: State, one: int, rules: Rules, then: Process, **fields: object) -> State:
    """Write under the lease: who lost it writes nothing, and stops."""
    if rules.guarded and state.owner != one:
        return _move(state, one, IDLE)
    return _move(state, one, then)._replace(**fields)  # type: ignore[arg-type]


def _move(state: State, one: int, process: Process) -> State:
    first, second = state.processes
    return state._replace(processes=(first, process) if one else (process, second))


def _chain(state: State, number: int, tx: Tx) -> State:
    return state._replace(txs=tuple(tx if n == number else other for n, other in enumerate(state.txs)))


def broken(state: State) -> str | None:
    """Return what is wrong with a state, None when nothing is."""
    filled = [number for number, tx in enumerate(state.txs) if tx.is_at == "filled"]
    if len(filled) > 1:
        return "two transactions moved money"
    if state.status in (Status.FAILED, Status.CANCELLED) and filled:
        return "a failed order moved money"
    if state.status is Status.CONFIRMED and filled != [state.tx]:
        return "a confirmed order did not move money"
    if state.has_leaked:
        return "something was signed after a pause had returned"
    return None

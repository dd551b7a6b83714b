"""An order that waits, what it waits for, and who may write it, as an explicit-state model.

It has what ``model.py`` leaves out: conditions that become due and are judged before they are written,
cancel, amendment, expiry, an exit that is held until its entry is filled, and late messages. Leases and
looks at the chain are as there, in less detail: a look is truthful. Bounds: one ticker, two executors,
three transactions, one amendment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from dexec.domain.lifecycle import CLAIMABLE, RESTING, TERMINAL, UNSIGNED, Status

EXECUTORS = (0, 1)
MOST_TXS = 3

Condition = Literal["limit", "stop"]


class Row(NamedTuple):
    """An order as stored: ``waits`` are its conditions, ``tx`` the transaction that may still land.

    ``version`` counts its writes, as far as anyone remembers an older one. ``wish`` is a cancel that was
    noted while it was signed.
    """

    status: Status = Status.OPEN
    waits: tuple[Condition, ...] = ("limit", "stop")
    tx: int = -1
    owner: int | None = None
    version: int = 0
    wish: bool = False


class Tx(NamedTuple):
    """A transaction of the order in row ``row``; ``dead`` once it can no longer land."""

    row: int
    is_at: Literal["signed", "sent", "filled", "slipped", "dead"] = "signed"


class Ticker(NamedTuple):
    """What the trigger function judged: this row is due, as it stood at ``version``."""

    row: int
    version: int


class Executor(NamedTuple):
    """An executor and the row that it works on; ``signed`` when it follows its transaction."""

    row: int
    signed: bool = False


class State(NamedTuple):
    """The orders, who works on them, the chain. ``exit`` is the status of the exit, None without one."""

    rows: tuple[Row, ...]
    ticker: Ticker | None = None
    executors: tuple[Executor | None, ...] = (None, None)
    txs: tuple[Tx, ...] = ()
    exit: Status | None = Status.HELD
    amended: bool = False
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the engine promises to do; turning one off shows that the model needs it."""

    one_row: bool = True
    """An order of two conditions is one order; else two, of which the first fill cancels the other."""
    guards_trigger: bool = True
    """A trigger is written only if the order is as it was judged."""
    guards_save: bool = True
    """An executor writes only under its lease."""
    claims_claimable: bool = True
    """A message for an order that rests, or is over, is done with."""
    cancels_unsigned: bool = True
    """A cancel ends only what has no transaction that could land; of a signed order it is noted."""
    reads_wish: bool = True
    """What leaves submitted unfilled becomes cancelled if a cancel was noted."""
    waits_for_chain: bool = True
    """An order leaves submitted unfilled only if its transaction can no longer land."""
    exit_with_entry: bool = True
    """The statement that ends the entry opens its exit, or cancels it."""


PROMISED = Rules()


def start(rules: Rules = PROMISED) -> State:
    """Return an order of two conditions that has just been placed, with a held exit."""
    rows = (Row(),) if rules.one_row else (Row(waits=("limit",)), Row(waits=("stop",)))
    return State(rows, exit=Status.HELD if rules.one_row else None)


def is_over(state: State) -> bool:
    """Whether nothing more can happen to the orders."""
    rests = state.exit is Status.HELD
    return all(row.status in TERMINAL for row in state.rows) and not rests


def steps(state: State, rules: Rules = PROMISED) -> Iterator[tuple[str, State]]:
    """Yield every step from ``state``, named."""
    for name, after in _steps(state, rules):
        yield name, _canonical(after)


def _canonical(state: State) -> State:
    """Return one of the states that differ only in versions that no one remembers."""
    if state.ticker is not None:
        return state
    return state._replace(rows=tuple(row._replace(version=0) for row in state.rows))


def _steps(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    for number, row in enumerate(state.rows):
        yield from _client(state, number, row, rules)
        if row.status is Status.OPEN and state.ticker is None:
            yield "judge", state._replace(ticker=Ticker(number, row.version))
    if state.ticker is not None:
        yield "the ticker stops", state._replace(ticker=None)
        yield "trigger", _trigger(state, state.ticker, rules)
    for number, tx in enumerate(state.txs):
        if tx.is_at == "sent":
            yield "fill", _chain(state, number, "filled")
            yield "slip", _chain(state, number, "slipped")
        if tx.is_at in ("signed", "sent"):
            yield "its blockhash expires", _chain(state, number, "dead")
    for one in EXECUTORS:
        yield from _executor(state, one, rules)
    if not rules.one_row:
        yield from _cancel_sibling(state)
    if not rules.exit_with_entry and state.exit is Status.HELD and state.rows[0].status in TERMINAL:
        yield "the exit is opened", state._replace(exit=Status.OPEN)


def _client(state: State, number: int, row: Row, rules: Rules) -> Iterator[tuple[str, State]]:
    if row.status in UNSIGNED or (row.status is Status.SUBMITTED and not rules.cancels_unsigned):
        yield "cancel", _end(state, number, Status.CANCELLED, rules)
    if row.status in UNSIGNED:
        yield "expire", _end(state, number, Status.EXPIRED, rules)
    if row.status is Status.SUBMITTED and not row.wish:
        yield "note a cancel", _row(state, number, row._replace(wish=True))
    if row.status is Status.OPEN and not state.amended:
        yield "amend", _write(state, number, row)._replace(amended=True)


def _trigger(state: State, judged: Ticker, rules: Rules) -> State:
    row = state.rows[judged.row]
    after = state._replace(ticker=None)
    is_as_judged = row.version == judged.version and row.status is Status.OPEN
    if rules.guards_trigger and not is_as_judged:
        return after
    triggered = _write(after, judged.row, row._replace(status=Status.TRIGGERED))
    if is_as_judged:
        return triggered
    return triggered._replace(fault="an order was triggered by what it does not wait for any more")


def _executor(state: State, one: int, rules: Rules) -> Iterator[tuple[str, State]]:
    executor = state.executors[one]
    if executor is None:
        for number, row in enumerate(state.rows):
            takes = row.status in CLAIMABLE if rules.claims_claimable else row.status not in TERMINAL
            if takes:
                yield "claim", _claim(state, one, number, row)
        return
    number, row = executor.row, state.rows[executor.row]
    yield "crash", _at(state, one, None)
    if rules.guards_save and row.owner != one:
        # Whatever it wants to write now is refused.
        return
    if not executor.signed:
        yield from _give_up(state, one, number, rules)
        if len(state.txs) < MOST_TXS:
            yield "sign and store", _sign(state, one, number, row)
        return
    tx = state.txs[row.tx] if row.tx >= 0 else Tx(number, "dead")
    if tx.is_at == "signed":
        yield "send", _chain(state, row.tx, "sent")
    elif tx.is_at == "filled":
        yield "confirm", _at(_end(state, number, Status.CONFIRMED, rules), one, None)
    elif tx.is_at in ("slipped", "dead") or not rules.waits_for_chain:
        yield from _give_up(state, one, number, rules)


def _give_up(state: State, one: int, number: int, rules: Rules) -> Iterator[tuple[str, State]]:
    """Yield what may become of an order that did not fill: it ends, rests, or is tried again."""
    row = state.rows[number]
    if row.wish and rules.reads_wish:
        yield "cancelled as noted", _at(_end(state, number, Status.CANCELLED, rules), one, None)
        return
    yield "fail", _at(_end(state, number, Status.FAILED, rules), one, None)
    rests = row._replace(status=Status.OPEN, tx=-1, owner=None)
    yield "rest", _at(_write(state, number, rests), one, None)
    if row.status is Status.SUBMITTED:
        again = _write(state, number, row._replace(status=Status.ROUTING, tx=-1))
        yield "try again", _at(again, one, Executor(number))


def _claim(state: State, one: int, number: int, row: Row) -> State:
    fault = "what rests was executed" if row.status in RESTING else state.fault
    if row.status is Status.SUBMITTED:
        taken = _row(state, number, row._replace(owner=one))
        return _at(taken, one, Executor(number, signed=True))
    taken = _write(state, number, row._replace(status=Status.ROUTING, owner=one))
    return _at(taken, one, Executor(number))._replace(fault=fault)


def _sign(state: State, one: int, number: int, row: Row) -> State:
    stored = state._replace(txs=(*state.txs, Tx(number)))
    signed = _write(stored, number, row._replace(status=Status.SUBMITTED, tx=len(state.txs)))
    fault = "an order was signed again although a cancel was noted" if row.wish else state.fault
    return _at(signed, one, Executor(number, signed=True))._replace(fault=fault)


def _cancel_sibling(state: State) -> Iterator[tuple[str, State]]:
    """Yield the cancel of the other order after one has filled, where a pair is two orders."""
    for number, row in enumerate(state.rows):
        if row.status in UNSIGNED and state.rows[1 - number].status is Status.CONFIRMED:
            yield "cancel the other", _row(state, number, row._replace(status=Status.CANCELLED, owner=None))


def _end(state: State, number: int, status: Status, rules: Rules) -> State:
    row = state.rows[number]
    ended = _write(state, number, row._replace(status=status, owner=None))
    if state.exit is not Status.HELD or not rules.exit_with_entry:
        return ended
    return ended._replace(exit=Status.OPEN if status is Status.CONFIRMED else Status.CANCELLED)


def _write(state: State, number: int, row: Row) -> State:
    """Return the state after a write that moves the order's seq, as far as the ticker remembers one."""
    remembers = state.ticker is not None and state.ticker.row == number
    is_stale = remembers and state.ticker is not None and state.ticker.version != row.version
    version = row.version if is_stale or not remembers else 1 - row.version
    return _row(state, number, row._replace(version=version))


def _row(state: State, number: int, row: Row) -> State:
    return state._replace(rows=tuple(row if n == number else other for n, other in enumerate(state.rows)))


def _at(state: State, one: int, executor: Executor | None) -> State:
    executors = (executor if n == one else other for n, other in enumerate(state.executors))
    return state._replace(executors=tuple(executors))


def _chain(state: State, number: int, is_at: Literal["sent", "filled", "slipped", "dead"]) -> State:
    moved = (tx._replace(is_at=is_at) if n == number else tx for n, tx in enumerate(state.txs))
    return state._replace(txs=tuple(moved))


def broken(state: State) -> str | None:
    """Return what is wrong with a state, None when nothing is."""
    filled = [tx.row for tx in state.txs if tx.is_at == "filled"]
    if len(filled) > 1:
        return "the order filled twice"
    for number, row in enumerate(state.rows):
        if number in filled and row.status in TERMINAL - {Status.CONFIRMED}:
            return f"a {row.status} order moved money"
        if row.status is Status.CONFIRMED and number not in filled:
            return "a confirmed order moved no money"
    entry = state.rows[0]
    if state.exit is Status.OPEN and not filled:
        return "an exit was opened over nothing"
    if state.exit is Status.HELD and entry.status in TERMINAL:
        return "an exit was left held"
    return state.fault

"""Verdicts of a replay, for people and as JSON."""

from __future__ import annotations

from datetime import datetime

from dexec.domain.waiting.prices import Unit
from infra.lab.replay.judged import Outcome, Verdict
from infra.lab.replay.listed import Listed


def sentence(verdict: Verdict) -> str:
    """Return one line on what becomes of an order."""
    name = "market" if verdict.terms is None else verdict.terms.order_type
    start = f"{name} {verdict.pair.token_in} → {verdict.pair.token_out}: {_words(verdict)}"
    return f"{start}: {verdict.reason}" if verdict.reason else start


def _words(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.AT_ONCE:
        return "at once"
    if verdict.outcome is Outcome.TRIGGERED and verdict.tick is not None:
        prices = _prices(verdict)
        return (
            f"triggered by its {verdict.by} at slot {verdict.tick.slot}, {_time(verdict.tick.at)}: "
            f"{prices['price']} {prices['priceUnit']}, its price is {prices['threshold']}"
        )
    return f"{verdict.outcome} at {_time(verdict.at)}" if verdict.at else str(verdict.outcome)


def document(order: Listed, verdict: Verdict) -> dict[str, object]:
    """Return what becomes of an order of a file, as JSON; of a bracket, with its exit's."""
    found: dict[str, object] = {"line": order.line}
    if order.label is not None:
        found["clientOrderId"] = order.label
    found |= _fields(verdict)
    if verdict.exit is not None:
        found["exit"] = _fields(verdict.exit)
    return found


def _fields(verdict: Verdict) -> dict[str, object]:
    found: dict[str, object] = {
        "orderType": "market" if verdict.terms is None else verdict.terms.order_type,
        "tokenIn": verdict.pair.token_in,
        "tokenOut": verdict.pair.token_out,
        "outcome": verdict.outcome,
    }
    if verdict.reason:
        found["reason"] = verdict.reason
    if verdict.at is not None:
        found["at"] = _time(verdict.at)
    if verdict.outcome is Outcome.TRIGGERED and verdict.tick is not None:
        found |= {"by": verdict.by, "slot": verdict.tick.slot, **_prices(verdict)}
    return found


def _prices(verdict: Verdict) -> dict[str, str]:
    """Return the price that was seen and the one that it passed, in the client's unit."""
    if verdict.terms is None or verdict.price is None or verdict.threshold is None:
        raise ValueError("only what was triggered has prices")
    unit = Unit(verdict.pair, verdict.terms.of_out)
    return {
        "price": unit.show(verdict.price),
        "threshold": unit.show(verdict.threshold),
        "priceUnit": unit.name,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

"""The outcomes of paper transactions, read from the ledger without the transactions' bytes."""

from __future__ import annotations

import json
from dataclasses import fields
from fractions import Fraction

from dexec.adapters.paper.ledger import Entry, PaperLedger
from dexec.adapters.paper.slots import slot_at
from dexec.domain.errors import (
    AttemptFailed,
    Ending,
    InsufficientFunds,
    InsufficientLiquidity,
    OrderFailed,
    PoolDisabled,
    SlippageExceeded,
)
from dexec.domain.order import SignedTransaction
from dexec.domain.quote import Fill, Leg
from dexec.ports import CannotLand, Clock, Landed, Pending

_LEG = tuple(field.name for field in fields(Leg))
_FILL = tuple(field.name for field in fields(Fill))
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=str)


class PaperOutcomes:
    """The reading half of the paper cluster."""

    def __init__(self, ledger: PaperLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def block_height(self) -> int:
        """Return the current slot: on paper every slot has a block."""
        return slot_at(self._clock.now())

    def look(self, transaction: SignedTransaction) -> Landed | Pending | CannotLand:
        """Return what became of a transaction so far.

        One that is not there past its last valid height is ruled out in the ledger: a ``send`` that found
        its blockhash valid before may write only now, or have a clock that is behind this one.
        """
        now = self._clock.now()
        entry = self._ledger.entry(transaction.signature, now)
        if entry is None:
            height = slot_at(now)
            if height <= transaction.last_valid_block_height:
                return Pending()
            entry = self._ledger.rule_out(transaction.signature, height, now)
        return CannotLand(entry.slot) if entry.is_ruled_out else _landed(entry)


def _landed(entry: Entry) -> Landed:
    if entry.fill is not None:
        return Landed(entry.slot, load_fill(entry.fill))
    return Landed(entry.slot, None, load_error(entry.error or "{}"))


def dump_fill(fill: Fill) -> str:
    """Return a fill as JSON; fractions become strings."""
    legs = [{name: getattr(leg, name) for name in _LEG} for leg in fill.legs]
    return _ENCODER.encode({name: getattr(fill, name) for name in _FILL} | {"legs": legs})


def load_fill(text: str) -> Fill:
    """Read what ``dump_fill`` wrote."""
    read = json.loads(text)
    legs = tuple(
        Leg(**{**leg, "mid": Fraction(leg["mid"]), "unrounded_out": Fraction(leg["unrounded_out"])})
        for leg in read["legs"]
    )
    return Fill(read["amount_in"], read["amount_out"], legs, read["slot"])


def dump_error(error: Ending) -> str:
    """Return an error that a transaction ended with as JSON."""
    if isinstance(error, SlippageExceeded):
        numbers = {"required": str(error.required), "received": str(error.received)}
        return json.dumps({"code": error.code, "what": error.what, **numbers})
    return json.dumps({"code": error.code, "message": str(error)})


def load_error(text: str) -> AttemptFailed | OrderFailed:
    """Read what ``dump_error`` wrote."""
    view = json.loads(text)
    code, message = view.get("code"), view.get("message", "the transaction failed on chain")
    if code == SlippageExceeded.code:
        return SlippageExceeded(view["what"], int(view["required"]), int(view["received"]))
    for known in (InsufficientFunds, InsufficientLiquidity, PoolDisabled):
        if code == known.code:
            return known(message)
    return OrderFailed(message)

"""The switches by which operators stop trading: of everything, of one client, of all that does not reduce."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dexec.domain.errors import TradingHalted


class Stop(StrEnum):
    """What a switch stops.

    ``paused`` still accepts orders, which wait; ``halted`` accepts none; ``reducing`` is ``halted`` for all
    but orders into one token.
    """

    PAUSED = "paused"
    HALTED = "halted"
    REDUCING = "reducing"


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that is set, for all clients or for one; ``token_out`` is what may still be bought."""

    stop: Stop
    set_at: datetime
    client_id: str | None = None
    token_out: str | None = None

    @property
    def name(self) -> str:
        """What it is stored under: one switch of each kind for all, and one for each client."""
        return switch_name(self.stop, self.client_id)

    @classmethod
    def of(cls, name: str, set_at: datetime, token_out: str | None) -> Switch:
        """Return the switch that is stored under ``name``."""
        stop, _, client_id = name.partition(" ")
        return cls(Stop(stop), set_at, client_id or None, token_out)

    def holds(self, client_id: str, token_out: str) -> bool:
        """Whether no signature may be stored for an order of this client into this token."""
        return self.client_id in (None, client_id) and token_out != self.token_out

    def refuses(self, client_id: str, token_out: str) -> bool:
        """Whether such an order is not even accepted."""
        return self.stop is not Stop.PAUSED and self.holds(client_id, token_out)

    def __str__(self) -> str:
        """Return what it stops, in words."""
        whose = "" if self.client_id is None else f" of {self.client_id}"
        if self.stop is Stop.PAUSED:
            return f"execution{whose} is paused"
        if self.stop is Stop.HALTED:
            return f"trading{whose} is halted"
        return f"trading{whose} is halted but for orders into {self.token_out}"


def switch_name(stop: Stop, client_id: str | None) -> str:
    """Return what a switch is stored under."""
    return stop.value if client_id is None else f"{stop.value} {client_id}"


def refusal(switch: Switch) -> TradingHalted:
    """Return the refusal of an order that a switch does not let in."""
    only = f" but for orders into {switch.token_out}" if switch.stop is Stop.REDUCING else ""
    return TradingHalted(
        f"trading is halted by the operators{only}: nothing was changed; cancels still work. "
        "Send this again once trading is resumed"
    )


def first_holding(switches: Iterable[Switch], client_id: str, token_out: str) -> Switch | None:
    """Return what holds an order of this client into this token back, a pause first; None if nothing does."""
    holding = [one for one in switches if one.holds(client_id, token_out)]
    return min(holding, key=lambda one: (one.stop is not Stop.PAUSED, one.name), default=None)


def check_accepted(switches: Iterable[Switch], client_id: str, token_out: str) -> None:
    """Raise ``TradingHalted`` for an order that is not accepted now."""
    for switch in switches:
        if switch.refuses(client_id, token_out):
            raise refusal(switch)

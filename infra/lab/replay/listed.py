"""Orders in a file: one body a line, as the API takes it, and ``placedAt``, when it is placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from dexec.api.order_body import OrderBody
from dexec.api.problems import invalid
from dexec.domain.errors import Invalid
from dexec.domain.quote import Pair, RouteRequest
from dexec.domain.waiting.terms import Terms
from dexec.settings import Settings
from infra.lab.replay.lines import json_lines, text_of
from infra.lab.replay.recorded import parse_time


@dataclass(frozen=True, slots=True)
class Listed:
    """An order of a file; without ``placed_at``, it is placed before the first tick."""

    line: str
    label: str | None
    request: RouteRequest
    terms: Terms | None
    exits: Terms | None
    placed_at: datetime | None
    expires_at: datetime | None

    @property
    def pair(self) -> Pair:
        """Its book."""
        return Pair(self.request.token_in, self.request.token_out)

    @property
    def books(self) -> set[Pair]:
        """Its book, and that of its exit."""
        back = {Pair(self.pair.token_out, self.pair.token_in)} if self.exits is not None else set()
        return {self.pair} | back

    def ends_at(self, first: datetime) -> datetime | None:
        """Return its end; ``first`` is the first tick's time, from which a deadline counts by default."""
        if self.request.deadline_s is None:
            return self.expires_at
        return (self.placed_at or first) + timedelta(seconds=self.request.deadline_s)


def read_orders(text: str) -> list[Listed]:
    """Return the orders of a file. Raises ``Invalid``, which names the line."""
    return [_listed(where, fields) for where, fields in json_lines(text)]


def books_of(orders: Sequence[Listed]) -> set[Pair]:
    """Return all books in which orders wait."""
    return {book for order in orders for book in order.books}


def _listed(where: str, fields: dict[str, object]) -> Listed:
    placed_at = None
    if "placedAt" in fields:
        placed_at = parse_time(text_of(fields, "placedAt", where), where)
    slippage_bps = Settings.from_environ({}).default_slippage_bps
    try:
        body = OrderBody.model_validate({name: one for name, one in fields.items() if name != "placedAt"})
        request, expires_at = body.to_request(slippage_bps), body.to_expiry()
        return Listed(where, body.label(), request, body.to_terms(), body.to_exits(), placed_at, expires_at)
    except ValidationError as exc:
        raise _at(where, invalid(exc.errors())) from exc
    except Invalid as exc:
        raise _at(where, exc) from exc


def _at(where: str, exc: Invalid) -> Invalid:
    field = f"{exc.field} " if exc.field else ""
    return Invalid(f"{where}: {field}{exc}")

"""Orders and events as the client hands them out: the generated models, with what one asks of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias, TypeVar

from pydantic import Field, ValidationError, model_validator

from dexec_client import models
from dexec_client.base import Model
from dexec_client.errors import OrderFailed, UnexpectedAnswer
from dexec_client.raw.events import TERMINAL
from dexec_client.raw.events import Event as RawEvent
from dexec_client.raw.json_types import Document

M = TypeVar("M", bound=Model)

Amount: TypeAlias = str | int | Decimal
"""An amount in whole tokens, as it is given; a float is refused, since it cannot hold most of them."""


def amount_text(value: Amount) -> str:
    """Return an amount as the API takes it. Raises ``TypeError`` for what is no exact number."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(
            f"an amount is a string, an integer or a Decimal, not {value!r}: floats are not exact"
        )
    return str(value)


def parsed(model: type[M], document: Document) -> M:
    """Return a document as a model. Raises ``UnexpectedAnswer``."""
    try:
        return model.model_validate(document)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        text = f"the answer cannot be read as {model.__name__}: {field}: {first['msg']}"
        raise UnexpectedAnswer(text) from exc


class Order(models.Order):
    """An order; one of a listing has no ``events`` and no ``explanation`` of its fill."""

    explanation: models.Explanation | None = None
    events: list[models.OrderEvent] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_client(cls, fields: Document) -> Document:
        """Take the client's own id where older deployments show it; these have market orders alone."""
        return {"clientOrderId": fields.get("label"), "orderType": "market"} | fields

    @property
    def terminal(self) -> bool:
        """Whether it has ended: it is confirmed, failed, cancelled or expired."""
        return self.status in TERMINAL

    def raise_for_failure(self) -> Order:
        """Return the order; raise ``OrderFailed`` if it ended with nothing traded."""
        if self.terminal and self.status != "confirmed":
            raise OrderFailed(self)
        return self


class OrderEvent(models.OrderEvent):
    """One event of an order that is watched."""

    order_id: str

    @property
    def terminal(self) -> bool:
        """Whether it is the order's last."""
        return self.status in TERMINAL

    @classmethod
    def of(cls, event: RawEvent) -> OrderEvent:
        """Return an event as a model."""
        return parsed(cls, event.document())

"""Python client of dexec: ``Client``, and ``AsyncClient`` with the same methods.

::

    from dexec_client import Client

    with Client("http://localhost:4566/_aws/execute-api/de0ec001", api_key="local") as client:
        order = client.execute(token_in="SOL", token_out="USDC", amount="1.5", slippage_bps=50)
        for event in order.events():
            print(event.seq, event.status)
        print(order.done().raise_for_failure().amount_out)

What may be raised is drawn in ``dexec_client.errors``; what is answered are the models of
``dexec_client.models``. Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexec_client.blocking import Client, EventStream, OrderHandle
    from dexec_client.client import AsyncClient
    from dexec_client.errors import (
        ApiError,
        BadAddress,
        BadRequest,
        Conflict,
        ConnectionLost,
        DexecError,
        Invalid,
        NotDone,
        NotFound,
        OrderFailed,
        RateLimited,
        ServerError,
        Unauthorized,
        Unavailable,
        UnexpectedAnswer,
    )
    from dexec_client.handle import AsyncOrderHandle
    from dexec_client.models import Balance, Config, Quotes, Risk, Token
    from dexec_client.results import Amount, Order, OrderEvent
    from dexec_client.watching import AsyncEventStream

__version__ = "0.1.0"

_PLACES = {
    "blocking": ("Client", "EventStream", "OrderHandle"),
    "client": ("AsyncClient",),
    "errors": (
        "ApiError",
        "BadAddress",
        "BadRequest",
        "Conflict",
        "ConnectionLost",
        "DexecError",
        "Invalid",
        "NotDone",
        "NotFound",
        "OrderFailed",
        "RateLimited",
        "ServerError",
        "Unauthorized",
        "Unavailable",
        "UnexpectedAnswer",
    ),
    "handle": ("AsyncOrderHandle",),
    "models": ("Balance", "Config", "Quotes", "Risk", "Token"),
    "results": ("Amount", "Order", "OrderEvent"),
    "watching": ("AsyncEventStream",),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "Amount",
    "ApiError",
    "AsyncClient",
    "AsyncEventStream",
    "AsyncOrderHandle",
    "BadAddress",
    "BadRequest",
    "Balance",
    "Client",
    "Config",
    "Conflict",
    "ConnectionLost",
    "DexecError",
    "EventStream",
    "Invalid",
    "NotDone",
    "NotFound",
    "Order",
    "OrderEvent",
    "OrderFailed",
    "OrderHandle",
    "Quotes",
    "RateLimited",
    "Risk",
    "ServerError",
    "Token",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)

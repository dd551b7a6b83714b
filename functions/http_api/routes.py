"""The routes of the HTTP API: each translates a request, calls a use case and translates its answer."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from dexec import __version__
from dexec.api import answers, market, orders, risk
from dexec.api.amendments import AmendmentBody, CancelBody
from dexec.api.fields import AfterSeq, AmountText, Cursor, IdempotencyKey, Limit, SlippageBpsText, TokenName
from dexec.api.order_body import OrderBody
from dexec.bootstrap import container
from dexec.domain.quote import Mode
from dexec.ports import StatusFilter
from dexec.settings import PaperSpread
from dexec.telemetry import count_accepted
from dexec.usecases.place_order import Submission
from edge import answering, caller, logger, metrics

router = APIGatewayHttpRouter()

PLACE_ORDER = ("POST", "/api/orders/execute")
CANCEL_ORDERS = "/api/orders/cancel"

IDEMPOTENCY = (
    "One for each order that is wanted, a new UUID for example, and kept for every try to place it: a repeat "
    "with the same key and body is answered with the same order. Without it, a request whose answer was lost "
    "(no answer, 500, 502, 503, 504) cannot be sent again without the risk of a second swap."
)


AFTER_SEQ = "Of the events, the first 200 that follow this one, instead of the last 200."
STATUS = "One status, or `active` for all orders that are not over."


@router.post(PLACE_ORDER[1], status_code=202)
@answering
def execute(
    body: OrderBody,
    idempotency_key: Annotated[IdempotencyKey | None, Header(description=IDEMPOTENCY)] = None,
) -> answers.OrderAccepted:
    """Accept an order; it is executed once, soon or, if it waits for a price, when it is due.

    Always send an `Idempotency-Key`, and send the request again with the same one when the answer is lost: a
    connection that breaks, a time-out, 500, 502, 503 or 504 may hide an order that was accepted. Wait a
    little longer before each try, and as long as `Retry-After` says. After 429 nothing was accepted.
    """
    parts = container()
    submission = Submission(
        body.to_request(parts.settings.default_slippage_bps),
        body.label(),
        idempotency_key,
        terms=body.to_terms(),
        exits=body.to_exits(),
        expires_at=body.to_expiry(),
    )
    order = parts.place_order(submission, caller()).order
    count_accepted(logger, metrics, order)
    return orders.accepted(order, parts.settings.websocket_url)


@router.get("/api/orders/<order_id>")
@answering
def read_order(
    order_id: str,
    after_seq: Annotated[AfterSeq | None, Query(alias="afterSeq", description=AFTER_SEQ)] = None,
) -> answers.OrderWithEvents:
    """Return one order with its last 200 events."""
    return _order(order_id, after_seq)


def _order(order_id: str, after_seq: int | None = None) -> answers.OrderWithEvents:
    logger.append_keys(order_id=order_id)
    read = container().read_orders
    order, events = read.one(order_id, caller().client_id, after_seq)
    return orders.order_with_events(order, events, read.seen(orders.marks_of([order])))


@router.delete("/api/orders/<order_id>")
@answering
def cancel_order(order_id: str) -> answers.OrderWithEvents:
    """Cancel an order; one that is cancelled already is answered as it is.

    After 409, `too_late_to_cancel`, its transaction is signed or the order is over. Where it is signed, the
    cancel is noted: if the transaction does not fill the order, it is cancelled instead of tried again.
    """
    logger.append_keys(order_id=order_id)
    container().cancel_orders.one(order_id, caller().client_id)
    return _order(order_id)


@router.patch("/api/orders/<order_id>")
@answering
def amend_order(order_id: str, body: AmendmentBody) -> answers.OrderWithEvents:
    """Amend an order that waits: its prices, trail, expiry or amount; all that is given, or nothing.

    `seq` is the order's as you know it: if it has changed since, 409 says so, and nothing is amended. What
    null takes away can be missing; what is not given stays.
    """
    logger.append_keys(order_id=order_id)
    container().amend_order(order_id, caller(), body.seq, body.wanted())
    return _order(order_id)


@router.post(CANCEL_ORDERS)
@answering
def cancel_orders(body: CancelBody) -> answers.OrdersCancelled:
    """Cancel all your orders, or those from one token to another.

    `tooLate` are those whose transactions are signed: they are cancelled if these do not fill them.
    """
    done = container().cancel_orders.all_of(caller().client_id, body.to_pair())
    return {"cancelled": [*done.cancelled], "tooLate": [*done.too_late]}


@router.get("/api/orders")
@answering
def read_history(
    status: Annotated[StatusFilter | None, Query(description=STATUS)] = None,
    limit: Annotated[Limit, Query()] = 20,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> answers.OrderPage:
    """Return the caller's orders, newest first."""
    read = container().read_orders
    page = read.page(caller().client_id, status, limit, cursor)
    return orders.order_page(page.orders, page.next_cursor, read.seen(orders.marks_of(page.orders)))


@router.get("/api/quotes")
@answering
def read_quotes(
    token_in: Annotated[TokenName, Query(alias="tokenIn")],
    token_out: Annotated[TokenName, Query(alias="tokenOut")],
    amount: Annotated[AmountText, Query()],
    mode: Annotated[Mode, Query()] = Mode.EXACT_IN,
    slippage_bps: Annotated[SlippageBpsText | None, Query(alias="slippageBps")] = None,
) -> answers.Quotes:
    """Return every venue's quote and the route that an order would take now."""
    parts = container()
    fields = {"tokenIn": token_in, "tokenOut": token_out, "amount": amount, "slippageBps": slippage_bps}
    body = OrderBody.model_validate({**fields, "mode": mode})
    request = body.to_request(parts.settings.default_slippage_bps)
    return market.quotes(request, parts.quote_route(request).route)


@router.get("/api/prices")
@answering
def read_prices(
    token_in: Annotated[TokenName, Query(alias="tokenIn")],
    token_out: Annotated[TokenName, Query(alias="tokenOut")],
) -> answers.Prices:
    """Return the last minutes of a pair and direction in which orders wait, for a chart.

    Prices are tokenOut per tokenIn. At most 300 points of 15 minutes; none where no order waits.
    """
    pair = market.pair_of(token_in, token_out)
    return market.prices(pair, container().read_orders.chart(pair))


@router.get("/api/balances")
@answering
def read_balances() -> risk.Balances:
    """Return what the caller's wallet holds, and what of it is committed to orders that are not over."""
    return risk.balances_view(container().read_risk.balances(caller().client_id))


@router.get("/api/risk")
@answering
def read_risk() -> risk.Risk:
    """Return what the caller may trade: its risk limits, what of them is used today, and halts."""
    return risk.risk_view(container().read_risk.standing(caller().client_id))


@router.get("/api/tokens")
@answering
def read_tokens() -> answers.Tokens:
    """Return the tokens that can be swapped."""
    return market.tokens()


@router.get("/api/config")
@answering
def read_config() -> answers.Config:
    """Return what a client has to know before it has a key."""
    settings = container().settings
    return {
        "version": __version__,
        "websocketUrl": settings.websocket_url,
        "ordersPerMinute": settings.orders_per_minute,
        "orderBurst": settings.order_burst,
        "defaultSlippageBps": settings.default_slippage_bps,
        "cluster": "paper",
        "paperSpread": "tight" if settings.paper_spread is PaperSpread.TIGHT else "default",
    }


@router.get("/health")
@answering
def health() -> answers.Health:
    """Say that requests are served."""
    return {"status": "ok", "version": __version__}


@router.get("/ready")
@answering
def ready() -> answers.Ready:
    """Say that orders are taken: the store and the queue answer."""
    return {"status": "ready", "version": __version__, "checks": dict(container().check_readiness())}

"""What a deployment answers, as models. Generated from its OpenAPI document: ``make sdk``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field
from typing_extensions import TypeAliasType

from dexec_client.base import Model


class Alternative(Model):
    """A route not taken, and its cost against the one taken."""

    route: str
    amount_in: Decimal
    amount_out: Decimal
    cost_bps: Decimal


class Balance(Model):
    """What a wallet holds of one token; `committed` may be more than that."""

    symbol: str
    mint: str
    amount: Decimal
    """in whole tokens"""
    committed: Decimal
    """the most that orders which are not over may pay"""
    available: Decimal
    """`amount` less `committed`, 0 at the least"""


class Balances(Model):
    """What the caller's wallet holds."""

    balances: list[Balance]


class Config(Model):
    """What a client has to know before it has a key."""

    version: str
    websocket_url: str
    """the address of the WebSocket API: connect with the key in the header `x-api-key`, or, where no header can be set, as in browsers, with `?apiKey=KEY` appended"""
    orders_per_minute: int
    order_burst: int
    default_slippage_bps: int
    """tolerance in hundredths of a percent"""
    cluster: Literal["paper"] | str
    paper_spread: Literal["default", "tight"] | str
    """paper: how far apart the venues' prices lie; default 2-5 %, tight 5-30 bps"""


class Cost(Model):
    """Costs in units of `token`; reference less (exact in) or plus (exact out) all costs is the quote."""

    token: str
    reference: Decimal
    fees: Decimal
    impact: Decimal
    rounding: Decimal


DeliveryState = TypeAliasType("DeliveryState", Literal["retrying", "delivered", "given_up", "queued"] | str)
"""Where a delivery stands; one that has not been tried yet is not recorded."""


ErrorCode = TypeAliasType(
    "ErrorCode",
    Literal[
        "malformed",
        "invalid",
        "body_too_large",
        "unauthenticated",
        "not_found",
        "method_not_allowed",
        "idempotency_conflict",
        "would_trigger",
        "exits_cross",
        "stale_seq",
        "not_waiting",
        "too_late_to_cancel",
        "risk_refused",
        "halted",
        "too_many_orders",
        "too_many_reads",
        "too_many_connections",
        "too_many_webhooks",
        "overloaded",
        "connection_unknown",
        "unavailable",
        "not_ready",
        "no_price",
        "outcome_unknown",
        "internal",
        "no_venue",
        "slippage_exceeded",
        "blockhash_expired",
        "insufficient_funds",
        "insufficient_liquidity",
        "deadline_passed",
        "pool_disabled",
        "cancelled",
        "key_revoked",
        "order_failed",
    ]
    | str,
)
"""What went wrong, of a refused call or frame (`code`) or of an order (`error.code`)."""


class Fee(Model):
    """A fee in units of the token paid in, and what is taken from the token that comes out, if anything."""

    token: str
    base: Decimal
    variable: Decimal
    output: Decimal | None = None


class FieldError(Model):
    """A field that is at fault."""

    field: str
    message: str


class Halt(Model):
    """What operators have stopped: `paused` accepts orders, which wait; the others accept none."""

    stop: Literal["paused", "halted", "reducing"] | str
    since: AwareDatetime
    """UTC, ISO 8601"""
    token_out: str | None = None
    """reducing: the token that may still be bought"""


class Health(Model):
    """Requests are served."""

    status: Literal["ok"] | str
    version: str


Kind = TypeAliasType("Kind", Literal["limit", "stop", "trail", "retry"] | str)
"""What triggers an order: one of the kinds of conditions, or the end of a stop's cool-down."""


class Leg(Model):
    """One leg, as quoted or as filled."""

    venue: str
    pool: str
    hop: int
    token_in: str
    token_out: str
    share_bps: int
    amount_in: Decimal
    amount_out: Decimal
    price: Decimal
    price_impact_bps: Decimal
    fee: Fee
    slot: int


Mode = TypeAliasType("Mode", Literal["exactIn", "exactOut"] | str)
"""Which side of the swap the client fixes."""


class OrderError(Model):
    """Why an attempt or an order failed."""

    code: ErrorCode
    message: str
    shortfall_bps: int | None = None
    """slippage_exceeded: how far past the limit, rounded up"""


OrderType = TypeAliasType("OrderType", Literal["market", "limit", "stop", "trailingStop", "oco"] | str)
"""The types of orders, as clients name them."""


class OrdersCancelled(Model):
    """What became of orders that were to be cancelled; those of neither list were over."""

    cancelled: list[str]
    """ended by this call, held exits among them"""
    too_late: list[str]
    """signed already: cancelled if their transactions do not fill them"""


class Part(Model):
    """One cause: what it cost in token units and in bps of the reference; below zero it was a gain."""

    cause: str
    amount: Decimal
    bps: Decimal


class PricePoint(Model):
    """What one tick saw: prices are tokenOut per tokenIn."""

    slot: int
    """slot of the tick that was seen"""
    at: AwareDatetime
    """UTC, ISO 8601"""
    price: Decimal
    """what the market gave for a small amount"""
    mid: Decimal
    """between that and what the market asked"""


PriceType = TypeAliasType("PriceType", Literal["reference", "mid"] | str)
"""
Which of a book's prices a stop is compared with.

The reference is what the router gives for a small amount; `MID` the mean of it and the opposite
book's inverse.
"""


class Prices(Model):
    """The last minutes of a pair and direction, oldest first; empty where no order waits for it."""

    token_in: str
    token_out: str
    price_unit: str
    points: list[PricePoint]


class Problem(Model):
    """A refusal (RFC 9457)."""

    type: str
    """address of the page that explains the code"""
    code: ErrorCode
    title: str
    status: int
    """the HTTP status"""
    detail: str
    """what is wrong with this very request"""
    errors: list[FieldError] | None = None
    order_id: str | None = None
    """the order that was withdrawn (503) or whose fate is unknown (504)"""
    retry_after: int | None = None
    """seconds (429, 503)"""
    rule: str | None = None
    """risk_refused: the limit that refuses it"""
    observed: str | None = None
    """risk_refused: what the order has of it"""
    allowed: str | None = None
    """risk_refused: the most that it may have"""
    checks: dict[str, Literal["up", "down"] | str] | None = None
    """what is down (503 of `/ready`)"""


class Quote(Model):
    """One venue's quote; `effectivePrice` = `price` * (1 + `slippage`), the fee not yet taken off."""

    venue: str
    price: Decimal
    slippage: Decimal
    effective_price: Decimal
    fee: Decimal
    liquidity_score: int
    latency_ms: int
    amount_in: Decimal
    amount_out: Decimal
    slot: int
    pool: str


class Ready(Model):
    """Orders are taken."""

    status: Literal["ready"] | str
    version: str
    checks: dict[str, Literal["up", "down"] | str]


class RiskLimits(Model):
    """The limits that operators have set; null bounds nothing."""

    settlement_token: str
    """what notionals are counted in"""
    max_notional: Decimal | None = None
    """the most that one order may be worth"""
    max_daily: Decimal | None = None
    """the most that the orders of a UTC day may be worth"""
    max_open: int
    """the most orders that may wait, held exits included"""
    tokens: list[str] | None = None
    """the only tokens that may be traded"""
    max_slippage_bps: int | None = None
    """the most slippage an order may have"""
    collar_bps: int | None = None
    """by how much a route may be worse than the reference price of its pools"""


class RiskUsage(Model):
    """How much of the limits is used."""

    day: date
    """the UTC day"""
    notional: Decimal
    """what the day's signed orders count for, fills as filled"""
    left: Decimal | None = None
    """what of `maxDaily` is left; null without that limit"""
    open: int
    """orders that wait, held exits included, up to `maxOpen`"""


class Seen(Model):
    """The market of an open order, by the newest tick of its pair and direction."""

    slot: int
    """slot of the tick that was seen"""
    at: AwareDatetime
    """UTC, ISO 8601"""
    price: Decimal
    """what the market gives for a small amount"""
    mid: Decimal
    """between that and what the market asks"""
    distance_bps: int | None = None
    """how far the price has to go until the order is due, or its trail begins, in bps of it; of two conditions, the nearer. Null for a stop that goes on by time"""
    stop_price: Decimal | None = None
    """where a stop that trails stands now"""


Status = TypeAliasType(
    "Status",
    Literal[
        "held",
        "open",
        "triggered",
        "pending",
        "routing",
        "building",
        "submitted",
        "confirmed",
        "failed",
        "cancelled",
        "expired",
    ]
    | str,
)
"""The status of an order."""


class StopLoss(Model):
    """Where a loss is stopped: at `triggerPrice`, or `trailingBps` below the best price."""

    trigger_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    trailing_bps: int | None = None
    activation_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    trigger_price_type: PriceType
    confirm_ticks: int
    limit_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""


class StopPrices(Model):
    """The prices of a stop."""

    trigger_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    activation_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    limit_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""


class TakeProfit(Model):
    """Where the profit is taken: at `limitPrice` or better."""

    limit_price: Decimal
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""


class TermPrices(Model):
    """The prices that an order waits for, under the names that its body has."""

    trigger_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    activation_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    limit_price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    take_profit: TakeProfit | None = None
    stop_loss: StopPrices | None = None


TimeInForce = TypeAliasType("TimeInForce", Literal["gtc", "ioc"] | str)
"""How long an order tries: until it is cancelled or expires, or once, when it is due."""


class Token(Model):
    """A token that can be swapped."""

    symbol: str
    name: str
    mint: str
    decimals: int


class Tokens(Model):
    """All tokens that can be swapped."""

    tokens: list[Token]


class VenueFailure(Model):
    """A venue that was left out."""

    venue: str
    reason: str


class WebhookDeleted(Model):
    """The endpoint is deleted."""

    hook_id: str


class WebhookDelivery(Model):
    """An event, or a test, and what became of sending it."""

    delivery_id: str
    """the header webhook-id: the same for every try of one event"""
    order_id: str | None = None
    """null for a test"""
    type: str
    state: DeliveryState
    tries: int
    answer: int | None = None
    """HTTP status of the last answer; null without one"""
    error: str | None = None
    first_at: AwareDatetime
    """UTC, ISO 8601"""
    last_at: AwareDatetime
    """UTC, ISO 8601"""


class WebhookReplayed(Model):
    """Deliveries are sent again soon."""

    replayed: int
    """how many; ask again while it is 500"""


WebhookState = TypeAliasType("WebhookState", Literal["active", "failing", "disabled"] | str)
"""Whether an endpoint gets events."""


class WebhookTested(Model):
    """A test is sent soon; its outcome is among the deliveries."""

    delivery_id: str
    """the header webhook-id: the same for every try of one event"""


class Explanation(Model):
    """The way from the mid price at the quote to the fill; the parts sum to the total exactly."""

    token: str
    reference: Decimal
    quoted: Decimal
    filled: Decimal
    parts: list[Part]
    total: Part


class Fill(Model):
    """What happened on chain; `price` is token out per token in over the whole fill."""

    amount_in: Decimal
    amount_out: Decimal
    price: Decimal
    legs: list[Leg]
    slot: int


class OrderAccepted(Model):
    """An order that will be executed, at once or when it is due."""

    order_id: str
    status: Status
    starts_at: AwareDatetime | None = None
    """when its turn comes under the rate limit; null while it waits for a price"""
    exit_id: str | None = None
    """of a bracket: the order that is its exit"""
    websocket_url: str
    """where this order can be watched, all its events so far and those to come: connect to it as it is with the key in the header `x-api-key`, or, where no header can be set, as in browsers, with `&apiKey=KEY` appended. It holds no secret itself"""


class OrderEvent(Model):
    """One entry of an order's history, by its `status`."""

    seq: int
    """counts an order's events from 1"""
    attempt: int
    """counts passes from routing on"""
    at: AwareDatetime
    """UTC, ISO 8601"""
    mode: Mode | None = None
    token_in: str | None = None
    token_out: str | None = None
    amount: Decimal | None = None
    """in whole tokens"""
    slippage_bps: int | None = None
    """tolerance in hundredths of a percent"""
    min_amount_out: Decimal | None = None
    """exactIn: the client's own limit, if any"""
    max_amount_in: Decimal | None = None
    """exactOut: the client's own limit, if any"""
    deadline: int | None = None
    """seconds from acceptance; nothing is signed after it"""
    limit_price: Decimal | None = None
    """the worst price of a fill"""
    trigger_price: Decimal | None = None
    """a stop is due here, or at a worse price"""
    trigger_price_type: PriceType | None = None
    confirm_ticks: int | None = None
    """ticks in a row that confirm a stop"""
    trailing_bps: int | None = None
    """how far the stop is below the best price"""
    activation_price: Decimal | None = None
    """from which price on it trails"""
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None
    time_in_force: TimeInForce | None = None
    price_unit: str | None = None
    """what prices count"""
    inverse: TermPrices | None = None
    """the same prices turned round"""
    client_order_id: str | None = None
    """the client's own id of the order, null without one"""
    label: Annotated[str | None, Field(deprecated=True)] = None
    """the old name of `clientOrderId`"""
    order_type: OrderType | None = None
    status: str
    step: str | None = None
    error: OrderError | None = None
    price: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    slot: int | None = None
    """slot of the tick that was seen"""
    rule: str | None = None
    observed: str | None = None
    allowed: str | None = None
    by: Kind | None = None
    """which condition; `retry`: a stop goes on after a rest, without a price"""
    threshold: Decimal | None = None
    """in `priceUnit`: tokenOut per tokenIn, or as the client writes it"""
    price_type: PriceType | None = None
    amount_in: Decimal | None = None
    """in whole tokens"""
    amount_out: Decimal | None = None
    """in whole tokens"""
    reason: str | None = None
    """why this route"""
    legs: list[Leg] | None = None
    quotes: list[Quote] | None = None
    alternatives: list[Alternative] | None = None
    costs: Cost | None = None
    bound: Decimal | None = None
    """in whole tokens"""
    gap_bps: Decimal | None = None
    left_out: list[VenueFailure] | None = None
    signature: str | None = None
    """id of the transaction on chain, base58"""
    fill: Fill | None = None


class Risk(Model):
    """What the caller may trade, and what of it is used."""

    limits: RiskLimits
    usage: RiskUsage
    halts: list[Halt]
    """empty while the caller may trade"""


class Route(Model):
    """A route; `minAmountOut` for exact in, `maxAmountIn` for exact out."""

    mode: str
    token_in: str
    token_out: str
    amount_in: Decimal
    amount_out: Decimal
    min_amount_out: Decimal | None = None
    max_amount_in: Decimal | None = None
    reason: str
    legs: list[Leg]
    quotes: list[Quote]
    alternatives: list[Alternative]
    costs: Cost
    bound: Decimal
    gap_bps: Decimal
    left_out: list[VenueFailure]
    slot: int


class Webhook(Model):
    """An endpoint of the caller's."""

    hook_id: str
    url: str
    events: list[Status]
    """the statuses whose events it gets; empty: all"""
    state: WebhookState
    """disabled: it gets nothing until a test succeeds"""
    created_at: AwareDatetime
    """UTC, ISO 8601"""
    failing_since: AwareDatetime | None = None
    """since when every try has failed"""
    disabled_at: AwareDatetime | None = None
    reason: str | None = None
    """why the last try failed"""


class WebhookCreated(Model):
    """A new endpoint, with the secret that its deliveries are signed with."""

    hook_id: str
    url: str
    events: list[Status]
    """the statuses whose events it gets; empty: all"""
    state: WebhookState
    """disabled: it gets nothing until a test succeeds"""
    created_at: AwareDatetime
    """UTC, ISO 8601"""
    failing_since: AwareDatetime | None = None
    """since when every try has failed"""
    disabled_at: AwareDatetime | None = None
    reason: str | None = None
    """why the last try failed"""
    secret: str
    """shown this once; keep it"""


class WebhookDeliveries(Model):
    """Some deliveries, latest order first."""

    deliveries: list[WebhookDelivery]
    next_cursor: str | None = None
    """for the next page; null on the last"""


class WebhookList(Model):
    """The caller's endpoints, oldest first."""

    webhooks: list[Webhook]


class Order(Model):
    """An order without its events; `amount` counts the token that its mode fixes."""

    order_id: str
    client_order_id: str | None = None
    """the client's own id of the order, null without one"""
    label: Annotated[str | None, Field(deprecated=True)] = None
    """the old name of `clientOrderId`"""
    status: Status
    seq: int
    """counts an order's events from 1"""
    attempt: int
    """counts passes from routing on"""
    mode: Mode
    token_in: str
    token_out: str
    amount: Decimal
    """in whole tokens"""
    slippage_bps: int
    """tolerance in hundredths of a percent"""
    min_amount_out: Decimal | None = None
    """exactIn: the client's own limit, if any"""
    max_amount_in: Decimal | None = None
    """exactOut: the client's own limit, if any"""
    deadline: int | None = None
    """seconds from acceptance; nothing is signed after it"""
    limit_price: Decimal | None = None
    """the worst price of a fill"""
    trigger_price: Decimal | None = None
    """a stop is due here, or at a worse price"""
    trigger_price_type: PriceType | None = None
    confirm_ticks: int | None = None
    """ticks in a row that confirm a stop"""
    trailing_bps: int | None = None
    """how far the stop is below the best price"""
    activation_price: Decimal | None = None
    """from which price on it trails"""
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None
    time_in_force: TimeInForce | None = None
    price_unit: str | None = None
    """what prices count"""
    inverse: TermPrices | None = None
    """the same prices turned round"""
    order_type: OrderType
    expires_at: AwareDatetime | None = None
    """nothing is signed from then on"""
    entry_id: str | None = None
    """of the exit of a bracket: its entry"""
    exit_id: str | None = None
    """of the entry of a bracket: its exit"""
    fired: Kind | None = None
    """the condition that triggered it last"""
    market: Seen | None = None
    """of an open order; null where no tick was seen yet"""
    amount_in: Decimal | None = None
    amount_out: Decimal | None = None
    created_at: AwareDatetime
    """UTC, ISO 8601"""
    updated_at: AwareDatetime
    """UTC, ISO 8601"""
    starts_at: AwareDatetime | None = None
    """when its turn comes under the rate limit; null while it waits for a price"""
    route: Route | None = None
    signature: str | None = None
    fill: Fill | None = None
    error: OrderError | None = None


class OrderPage(Model):
    """Some of the caller's orders, newest first."""

    orders: list[Order]
    next_cursor: str | None = None
    """for the next page; null on the last"""


class OrderWithEvents(Model):
    """An order with its last 200 events, or those after `afterSeq`.

    `explanation` says what a fill cost, and why.
    """

    order_id: str
    client_order_id: str | None = None
    """the client's own id of the order, null without one"""
    label: Annotated[str | None, Field(deprecated=True)] = None
    """the old name of `clientOrderId`"""
    status: Status
    seq: int
    """counts an order's events from 1"""
    attempt: int
    """counts passes from routing on"""
    mode: Mode
    token_in: str
    token_out: str
    amount: Decimal
    """in whole tokens"""
    slippage_bps: int
    """tolerance in hundredths of a percent"""
    min_amount_out: Decimal | None = None
    """exactIn: the client's own limit, if any"""
    max_amount_in: Decimal | None = None
    """exactOut: the client's own limit, if any"""
    deadline: int | None = None
    """seconds from acceptance; nothing is signed after it"""
    limit_price: Decimal | None = None
    """the worst price of a fill"""
    trigger_price: Decimal | None = None
    """a stop is due here, or at a worse price"""
    trigger_price_type: PriceType | None = None
    confirm_ticks: int | None = None
    """ticks in a row that confirm a stop"""
    trailing_bps: int | None = None
    """how far the stop is below the best price"""
    activation_price: Decimal | None = None
    """from which price on it trails"""
    take_profit: TakeProfit | None = None
    stop_loss: StopLoss | None = None
    time_in_force: TimeInForce | None = None
    price_unit: str | None = None
    """what prices count"""
    inverse: TermPrices | None = None
    """the same prices turned round"""
    order_type: OrderType
    expires_at: AwareDatetime | None = None
    """nothing is signed from then on"""
    entry_id: str | None = None
    """of the exit of a bracket: its entry"""
    exit_id: str | None = None
    """of the entry of a bracket: its exit"""
    fired: Kind | None = None
    """the condition that triggered it last"""
    market: Seen | None = None
    """of an open order; null where no tick was seen yet"""
    amount_in: Decimal | None = None
    amount_out: Decimal | None = None
    created_at: AwareDatetime
    """UTC, ISO 8601"""
    updated_at: AwareDatetime
    """UTC, ISO 8601"""
    starts_at: AwareDatetime | None = None
    """when its turn comes under the rate limit; null while it waits for a price"""
    route: Route | None = None
    signature: str | None = None
    fill: Fill | None = None
    error: OrderError | None = None
    explanation: Explanation | None = None
    events: list[OrderEvent]


class Quotes(Model):
    """Every venue's quote, and the route an order would take now."""

    token_in: str
    token_out: str
    mode: Mode
    amount: Decimal
    """in whole tokens"""
    quotes: list[Quote]
    route: Route

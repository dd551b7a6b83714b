"""What each error code means and what to do about it: the pages at ``/errors/CODE``.

The codes are those of ``ErrorCode``; a test finds one that has no entry here. Examples are made by the code
that answers clients.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from dexec.api import frames
from dexec.api.orders import failure_details
from dexec.api.problems import BodyTooLarge, Malformed, MethodNotAllowed, problem, status_of
from dexec.domain import errors
from dexec.domain.error_code import ErrorCode
from dexec.domain.errors import DexecError, Ending
from dexec.domain.halts import Stop, Switch, refusal
from dexec.domain.risk import RiskRefused, Rule
from dexec.domain.withdrawals import BY_CLIENT, BY_REVOCATION
from dexec.usecases.place_order import WITHDRAWN
from infra.local.lanes import overloaded

BASE_URL = "https://api.example.com"
_ORDER_ID = "ord_01a1f8b319a27e91a730694d75677ea6"
OF_QUOTES = frozenset({ErrorCode.NO_VENUE, ErrorCode.INSUFFICIENT_LIQUIDITY})
"""Codes of orders that a request for quotes may be refused with as well."""

_NOTHING_TRADED = "Nothing was traded."


@dataclass(frozen=True)
class About:
    """A code for its readers; ``sample`` is such an error, None where it is not raised but only answered."""

    meaning: str
    remedy: str
    sample: DexecError | None
    is_of_orders: bool = False
    is_of_frames: bool = False


def _of_order(meaning: str, remedy: str, sample: Ending) -> About:
    return About(f"{meaning} {_NOTHING_TRADED}", remedy, sample, is_of_orders=True)


ABOUT: Mapping[ErrorCode, About] = {
    ErrorCode.MALFORMED: About(
        "The body or frame is not a JSON object in UTF-8, has a field twice, or a number of more than 100 "
        "characters or beyond 1e±999. A binary WebSocket frame is refused so, too.",
        "Send one JSON object. Amounts can be strings, which keeps every digit.",
        Malformed("the body is not a JSON object"),
    ),
    ErrorCode.INVALID: About(
        "A field or parameter is missing, unknown, or has a value that it cannot have. `errors` names it as "
        "it was sent.",
        "Correct the field. The same request is refused again; nothing was stored.",
        errors.Invalid("must be greater than 0", "amount"),
    ),
    ErrorCode.BODY_TOO_LARGE: About(
        "The body is over 16 KB.",
        "An order takes a few hundred bytes: check what is sent.",
        BodyTooLarge("the body is over 16 KB, the most that is accepted"),
    ),
    ErrorCode.UNAUTHENTICATED: About(
        "There is no API key, or the deployment does not know it, or it was revoked.",
        "Send the key in the header `x-api-key`; over the WebSocket, in that header or as `apiKey` in the "
        "query. `dexec keys create NAME` makes a key; a local deployment has the key `local`.",
        errors.Unauthenticated("this API key is not valid"),
    ),
    ErrorCode.NOT_FOUND: About(
        "There is no such path, or this client has no such order: one of another client is not found either.",
        "Compare the path with `/docs`, and the order's id with `GET /api/orders`, read with the key that "
        "placed it.",
        errors.NotFound(errors.NO_SUCH_ORDER),
    ),
    ErrorCode.METHOD_NOT_ALLOWED: About(
        "The path exists, but not with this method. The header `Allow` names those it has.",
        "Orders are placed with `POST /api/orders/execute`, amended with PATCH and cancelled with DELETE of "
        "`/api/orders/{orderId}`; everything else is read with GET.",
        MethodNotAllowed("there is no DELETE /api/orders; it has GET", ["GET"]),
    ),
    ErrorCode.IDEMPOTENCY_CONFLICT: About(
        "The idempotency key was used before, by the same client, for an order with other fields.",
        "One key is one order. Send the first body again under it, or this body under a new key, such as a "
        "new UUID.",
        errors.IdempotencyConflict("this idempotency key was used for another order"),
    ),
    ErrorCode.WOULD_TRIGGER: About(
        "The market is at the stop's price already, or through it: the order would trigger at once.",
        "Name a trigger price that the market has not reached; `detail` says where it is now. Or send a "
        "market order.",
        errors.WouldTrigger(
            "it would trigger at once: the reference price is 139.2 USDC per SOL now, below the trigger "
            "price of 140",
            "triggerPrice",
        ),
    ),
    ErrorCode.EXITS_CROSS: About(
        "Take-profit and stop-loss are on the wrong side of each other, or of the entry that they exit: one "
        "of them would be due at once.",
        "A sell takes its profit above the entry and stops below it; a buy the other way round.",
        errors.ExitsCross(
            "the take-profit of 140 USDC per SOL has to be above the stop-loss of 150",
            "takeProfit.limitPrice",
        ),
    ),
    ErrorCode.STALE_SEQ: About(
        "The order has changed since the event whose `seq` the amendment names: it was amended, or has "
        "rested again. Nothing was changed.",
        "Read the order again, and amend what it is now, with the `seq` that it has then.",
        errors.StaleSeq(
            "the order has changed since: its seq is 7 now; read it again, and amend what it is then"
        ),
    ),
    ErrorCode.NOT_WAITING: About(
        "Only an order that waits (`open` or `held`) can be amended. This one is a market order, has "
        "triggered, or is over. Nothing was changed.",
        "Cancel it if it is not signed yet, and place a new order.",
        errors.NotWaiting("the order does not wait any more: it is triggered; nothing was changed"),
    ),
    ErrorCode.TOO_LATE_TO_CANCEL: About(
        "The order's transaction is signed, or the order is over. Where it is signed, the cancel is noted: "
        "if the transaction lands, the order is confirmed; if it does not, the order is cancelled, instead "
        "of tried again.",
        "Nothing needs to be sent again. Watch the order, or read it in a minute: its status is final then.",
        errors.TooLateToCancel(
            "too late to cancel: its transaction is signed and may land; if it does, the order is confirmed, "
            "and if it does not, the order is cancelled instead of tried again"
        ),
    ),
    ErrorCode.RISK_REFUSED: About(
        "The order is beyond a limit that operators have set for this client: what one order or a day's "
        "orders may be worth, how many may wait, the tokens, the slippage, or how much worse than the "
        "reference price a route may be. `rule` names it. Nothing was traded.",
        "`GET /api/risk` shows the limits and what is used of them. Stay within them, or ask the operator.",
        RiskRefused(Rule.MAX_NOTIONAL, "12000 USDC", "10000 USDC"),
        is_of_orders=True,
    ),
    ErrorCode.HALTED: About(
        "Trading is halted, for all or for this client: no orders and no amendments are taken. What is "
        "signed settles.",
        "Cancels are taken all the same. Wait until trading is resumed, and send it again.",
        refusal(Switch(Stop.HALTED, datetime(2026, 1, 5, 12, tzinfo=UTC))),
    ),
    ErrorCode.TOO_MANY_ORDERS: About(
        "The client's orders are started at the rate of its key, and those that wait already reach further "
        "ahead than the deployment schedules (15 minutes unless it is configured otherwise).",
        "Nothing was accepted. Send it again after `retryAfter` seconds, under the same idempotency key.",
        errors.TooManyOrders("too many orders are waiting already; send this one again later", 12),
    ),
    ErrorCode.TOO_MANY_READS: About(
        "The key reads, or sends frames, faster than it may (600 a minute unless configured otherwise).",
        "Wait `retryAfter` seconds. To follow orders, watch them over the WebSocket instead of reading them "
        "again and again.",
        errors.TooManyReads("this API key may read 600 times a minute; ask again later", 1),
    ),
    ErrorCode.TOO_MANY_CONNECTIONS: About(
        "The client has as many WebSocket connections as it may have, of all or of those with `stream=all`.",
        "Close one first. One connection can watch any number of orders: `subscribe` to each.",
        errors.TooManyConnections("alice has the most connections that a client may have, 1000; close one"),
    ),
    ErrorCode.TOO_MANY_WEBHOOKS: About(
        "The client has as many webhooks as it may have.",
        "Delete one first: `dexec hooks list` shows them, as `GET /api/hooks` does.",
        errors.TooManyWebhooks("a client may have 5 webhooks; delete one first"),
    ),
    ErrorCode.OVERLOADED: About(
        "More requests wait in front of a local deployment than it can serve soon. On AWS, API Gateway "
        "refuses what is above the deployment's rate in words of its own.",
        "It had no effect. Repeat it after `retryAfter` seconds, under the same idempotency key.",
        None,
    ),
    ErrorCode.CONNECTION_UNKNOWN: About(
        "The deployment does not know this WebSocket connection any more: it would receive nothing. What the "
        "frame asked for was not done, and the connection is closed.",
        "Connect again, `subscribe` to each order with the `afterSeq` of its last event, and send the "
        "refused frame again.",
        errors.ConnectionUnknown(),
        is_of_frames=True,
    ),
    ErrorCode.UNAVAILABLE: About(
        "The store, the queue or the chain does not answer. The call had no effect, unless `orderId` names "
        "an order that was stored and withdrawn: that one is in the history as failed.",
        "Repeat it after `retryAfter` seconds, under the same idempotency key. `GET /ready` says when orders "
        "are taken again.",
        errors.OrderWithdrawn(WITHDRAWN, _ORDER_ID),
    ),
    ErrorCode.NO_PRICE: About(
        "The market gives no price now, so it cannot be said whether a stop would trigger at once. Nothing "
        "was stored or changed.",
        "Send it again after `retryAfter` seconds, under the same idempotency key.",
        errors.NoPrice("there is no price of SOL in USDC now: send this order again later"),
    ),
    ErrorCode.NOT_READY: About(
        "The answer of `GET /ready` while orders are not taken; `checks` says what is down.",
        "Wait, and ask again.",
        errors.NotReady(
            "not ready: the order queue cannot be reached", {"order store": "up", "order queue": "down"}
        ),
    ),
    ErrorCode.OUTCOME_UNKNOWN: About(
        "The connection to the store was lost while the order was committed: it may have been accepted.",
        "Send it again under the same idempotency key, which cannot place it twice, or read the order that "
        "`orderId` names. Never send it under another key before that.",
        errors.CommitUnknown("it is not known whether the order was stored", _ORDER_ID),
    ),
    ErrorCode.INTERNAL: About(
        "A fault of the deployment. Its log has the details; answers do not.",
        "Repeat an order only under the same idempotency key. If it stays, tell the operator the time.",
        DexecError("unexpected"),
    ),
    ErrorCode.NO_VENUE: About(
        "No venue answered in time with pools that can trade this.",
        "An order tries again by itself, three times in all. A quote is asked for again by its reader.",
        errors.NoVenue("no venue can trade SOL for USDC now (Raydium: timed out; Meteora: timed out)"),
        is_of_orders=True,
    ),
    ErrorCode.SLIPPAGE_EXCEEDED: _of_order(
        "The price moved past the order's slippage, or past its own `minAmountOut` or `maxAmountIn`, in each "
        "of its attempts. `shortfallBps` says how far.",
        "Ask for a quote and place a new order, with a limit that the market gives.",
        errors.SlippageExceeded("the swap gives 228.157816 USDC, and at least 229.3 were wanted", 2293, 2281),
    ),
    ErrorCode.BLOCKHASH_EXPIRED: _of_order(
        "The transaction was not taken into a block before its blockhash expired, in any attempt.",
        "It can no longer land: a new order cannot trade twice. The chain may be congested.",
        errors.BlockhashExpired("the transaction did not land before its blockhash expired"),
    ),
    ErrorCode.INSUFFICIENT_FUNDS: _of_order(
        "The wallet does not hold what the swap takes.",
        "Compare the amount with `GET /api/balances`, and place a smaller order.",
        errors.InsufficientFunds("Insufficient balance: needs 12 SOL, has 3.2"),
    ),
    ErrorCode.INSUFFICIENT_LIQUIDITY: _of_order(
        "No pool, and no way over two of them, can trade this amount: it is too much for their liquidity, or "
        "so little that nothing comes out.",
        "Ask `GET /api/quotes` for another amount, or split the order over time.",
        errors.InsufficientLiquidity("no pool can trade that much"),
    ),
    ErrorCode.DEADLINE_PASSED: _of_order(
        "The order's `deadline` passed before it could be filled.",
        "Place a new order, with more time: `startsAt` says when its turn comes.",
        errors.DeadlinePassed(30),
    ),
    ErrorCode.POOL_DISABLED: _of_order(
        "The pool that was to trade does not trade any more.",
        "Place a new order: it is routed over the pools that do.",
        errors.PoolDisabled("the pool does not trade any more"),
    ),
    ErrorCode.CANCELLED: _of_order(
        "The order was cancelled before it was filled: by its client, by an operator, or because the entry "
        "that it is the exit of ended without a fill. `cancelled.by` of its last event says which.",
        "Place a new order if you still want it; ask the operator where it was not you.",
        errors.Cancelled(BY_CLIENT.error.message),
    ),
    ErrorCode.KEY_REVOKED: _of_order(
        "The client's API keys were revoked before the order was filled.",
        "Place it again with a key that is valid.",
        errors.KeyRevoked(BY_REVOCATION.error.message),
    ),
    ErrorCode.ORDER_FAILED: _of_order(
        "The transaction failed on chain, or the cluster refused it, for a reason that has no code of its "
        "own; `message` has the words.",
        "Read `message` before a new order: the same order may fail again.",
        errors.OrderFailed("the transaction failed on chain"),
    ),
}


def status(code: ErrorCode) -> int:
    """Return the HTTP status of the calls that are refused with a code."""
    sample = ABOUT[code].sample
    return 503 if sample is None else status_of(sample)


def example(code: ErrorCode) -> str:
    """Return what a client receives, as JSON to be read."""
    about = ABOUT[code]
    shown: Mapping[str, object]
    if about.sample is None:
        shown = overloaded(retry_after_s=2).problem(BASE_URL)
    elif about.is_of_frames:
        shown = frames.refusal("7", about.sample)
    elif isinstance(about.sample, Ending):
        shown = {"status": "failed", "error": failure_details(about.sample.failure())}
    else:
        shown = problem(about.sample, BASE_URL)
    return json.dumps(shown, indent=2, ensure_ascii=False)

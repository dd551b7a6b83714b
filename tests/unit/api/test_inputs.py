"""What crosses the edge: three ways to name an order, and every way to get it wrong."""

from __future__ import annotations

import json

import pytest

from dexec.api.inputs import (
    ExecuteFrame,
    PingFrame,
    SubscribeFrame,
    UnsubscribeFrame,
    frame_id,
    parse_frame,
)
from dexec.api.order_body import OrderBody
from dexec.api.problems import BodyTooLarge, Malformed, problem, status_of
from dexec.domain.errors import (
    CommitUnknown,
    DexecError,
    IdempotencyConflict,
    InsufficientLiquidity,
    Invalid,
    LeaseLost,
    NotFound,
    NoVenue,
    StoreUnavailable,
    TooManyOrders,
    Unauthenticated,
)
from dexec.domain.quote import Mode, RouteRequest

PLAIN = '{"tokenIn": "SOL", "tokenOut": "USDC", "amount": %s}'
SOL_TO_USDC = RouteRequest(Mode.EXACT_IN, "SOL", "USDC", 1_500_000_000, 50)


def read(text: str) -> RouteRequest:
    """Return the order of a bare frame."""
    frame = parse_frame(text)
    assert isinstance(frame, ExecuteFrame)
    return frame.order.to_request(50)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"tokenIn":"SOL","tokenOut":"USDC","amount":1.5,"slippage":0.5}', SOL_TO_USDC),
        ('{"tokenIn":"sol","tokenOut":"usdc","amount":"1.5","slippageBps":50}', SOL_TO_USDC),
        ('{"inputToken":"SOL","outputToken":"USDC","amount":1.5}', SOL_TO_USDC),
        ('{"side":"sell","baseAsset":"SOL","quoteAsset":"USDC","amount":1.5}', SOL_TO_USDC),
        (
            '{"clientId":"userA","side":"buy","baseAsset":"SOL","quoteAsset":"USDC","amount":1}',
            RouteRequest(Mode.EXACT_OUT, "USDC", "SOL", 10**9, 50),
        ),
        (
            '{"tokenIn":"SOL","tokenOut":"USDC","amount":"2","mode":"exactOut","orderType":"market"}',
            RouteRequest(Mode.EXACT_OUT, "SOL", "USDC", 2 * 10**6, 50),
        ),
        (
            '{"tokenIn":"So11111111111111111111111111111111111111112","tokenOut":"USDC","amount":1.5}',
            SOL_TO_USDC,
        ),
    ],
)
def test_an_order_may_be_spelled_in_three_ways(text: str, expected: RouteRequest) -> None:
    assert read(text) == expected


def test_money_is_never_a_float() -> None:
    assert read(PLAIN % "0.000000001").amount == 1
    assert read(PLAIN % "9007199.254740993").amount == 9_007_199_254_740_993, "a float would end in 992"


@pytest.mark.parametrize(
    ("extra", "limit", "deadline_s"),
    [
        ('"minAmountOut": "155.000001", "deadline": 30', 155_000_001, 30),
        ('"mode": "exactOut", "maxAmountIn": 1.5', 1_500_000_000, None),
        ('"deadline": 86400', None, 86_400),
    ],
)
def test_an_order_may_have_a_limit_of_its_own_and_a_deadline(
    extra: str, limit: int | None, deadline_s: int | None
) -> None:
    request = read('{"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, ' + extra + "}")
    assert (request.limit, request.deadline_s) == (limit, deadline_s)


@pytest.mark.parametrize(
    ("extra", "field", "words"),
    [
        ('"maxAmountIn": 1', "maxAmountIn", "does not apply to an exactIn order: use minAmountOut"),
        ('"mode": "exactOut", "minAmountOut": 1', "minAmountOut", "use maxAmountIn"),
        ('"minAmountOut": 0', "minAmountOut", "must be greater than zero"),
        ('"minAmountOut": "1.0000001"', "minAmountOut", "has more than 6 decimals"),
        ('"minAmountOut": "9223372036854.775808"', "minAmountOut", "is larger than any balance can be"),
        ('"minAmountOut": "much"', "minAmountOut", "must be a plain decimal number"),
        ('"deadline": 0', "deadline", "."),
        ('"deadline": 86401', "deadline", "."),
        ('"deadline": 1.5', "deadline", "."),
        ('"deadline": "30"', "deadline", "."),
    ],
)
def test_limits_and_deadlines_that_no_order_has_are_refused(extra: str, field: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        read('{"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, ' + extra + "}")
    assert field in refused.value.field


BAD_AMOUNTS = (
    "0", "-1", "1e30", "1e400", "1e-12", "1.0000000001", "true", "false", "[1]", "{}", "null", '"abc"', '""',
    '"1e3"', '" 1"', '"NaN"', '"Infinity"', '"-1"', '"1_0"', '"٣"', "9" * 50, '"' + "9" * 300 + '"',
)  # fmt: skip


@pytest.mark.parametrize("amount", BAD_AMOUNTS, ids=lambda text: text[:12])
def test_bad_amounts_name_their_field(amount: str) -> None:
    with pytest.raises(Invalid) as invalid:
        read(PLAIN % amount)
    assert invalid.value.field == "amount"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tokenIn": "SOL", "tokenOut": "USDC"}, "amount"),
        ({"tokenOut": "USDC", "amount": 1}, "tokenIn"),
        ({"tokenIn": "SOL", "amount": 1}, "tokenOut"),
        ({"amount": 1}, "tokenIn"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "color": "red"}, "color"),
        ({"tokenIn": "SOL", "tokenOut": "DOGE", "amount": 1}, "tokenOut"),
        ({"tokenIn": "x" * 300, "tokenOut": "USDC", "amount": 1}, "tokenIn"),
        ({"tokenIn": "", "tokenOut": "USDC", "amount": 1}, "tokenIn"),
        ({"tokenIn": 1, "tokenOut": "USDC", "amount": 1}, "tokenIn"),
        ({"tokenIn": "SOL", "tokenOut": "sol", "amount": 1}, "tokenOut"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "inputToken": "SOL", "amount": 1}, "inputToken"),
        ({"baseAsset": "SOL", "quoteAsset": "USDC", "amount": 1}, "side"),
        ({"side": "buy", "amount": 1}, "baseAsset"),
        ({"side": "hold", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": 1}, "side"),
        ({"side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "amount": 1, "mode": "exactIn"}, "mode"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "mode": "exact"}, "mode"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "orderType": "iceberg"}, "orderType"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippage": -0.1}, "slippage"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippage": 100.1}, "slippage"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippage": 0.001}, "slippage"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippage": True}, "slippage"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippageBps": 10_001}, "slippageBps"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippageBps": 0.5}, "slippageBps"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippageBps": True}, "slippageBps"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "slippage": 1, "slippageBps": 1}, "slippageBps"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "clientId": ""}, "clientId"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "clientOrderId": ""}, "clientOrderId"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "clientId": "a\nb"}, "clientId"),
    ],
)
def test_bad_fields_are_named_as_the_client_wrote_them(fields: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as invalid:
        read(json.dumps(fields))
    assert invalid.value.field == field


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", "null", '"text"', "NaN", '{"amount": NaN}', "[" * 100_000, "{" * 20_000]
)
def test_what_is_no_json_object_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match=r"^the frame is "):
        parse_frame(text)


def test_frames_by_their_action() -> None:
    assert isinstance(parse_frame('{"action":"ping","id":7}'), PingFrame)
    subscribe = parse_frame('{"action":"subscribe","orderId":"ord_1","afterSeq":3}')
    assert isinstance(subscribe, SubscribeFrame)
    assert (subscribe.order_id, subscribe.after_seq) == ("ord_1", 3)
    assert isinstance(parse_frame('{"action":"unsubscribe","orderId":"ord_1"}'), UnsubscribeFrame)
    text = '{"action":"execute","order":{"tokenIn":"SOL","tokenOut":"USDC","amount":2},"idempotencyKey":"k"}'
    execute = parse_frame(text)
    assert isinstance(execute, ExecuteFrame)
    assert execute.idempotency_key == "k"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"action":"fly"}', "action"),
        ('{"action":["execute"]}', "action"),
        ('{"action":"ping","more":1}', "more"),
        ('{"action":"ping","id":1.0}', "id"),
        ('{"action":"ping","id":1e5}', "id"),
        ('{"action":"ping","id":true}', "id"),
        ('{"action":"ping","id":[1]}', "id"),
        ('{"action":"ping","id":9007199254740993}', "id"),
        ('{"action":"ping","id":-9007199254740993}', "id"),
        ('{"action":"ping","id":"\\ud800"}', "id"),
        (f'{{"action":"ping","id":"{"x" * 101}"}}', "id"),
        ('{"action":"subscribe"}', "orderId"),
        ('{"action":"subscribe","orderId":"ord_1","afterSeq":-1}', "afterSeq"),
        ('{"action":"subscribe","orderId":"ord_1","afterSeq":99999999999}', "afterSeq"),
        ('{"action":"execute"}', "order"),
        ('{"action":"execute","order":{},"idempotencyKey":""}', "amount"),
    ],
)
def test_bad_frames_name_their_field(text: str, field: str) -> None:
    with pytest.raises(Invalid) as invalid:
        parse_frame(text)
    assert invalid.value.field == field


DEEP = "[" * 900 + "]" * 900
IDS = {"7": 7, "-9007199254740992": -(2**53), "9007199254740992": 2**53, '"seven"': "seven", '"\\u00e9"': "é"}


@pytest.mark.parametrize("given", IDS)
def test_a_frame_is_answered_under_its_id(given: str) -> None:
    assert parse_frame(f'{{"action":"ping","id":{given}}}').id == IDS[given]
    assert frame_id(f'{{"action":"fly","id":{given}}}') == IDS[given]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[7]",
        '{"id":null}',
        '{"id":true}',
        '{"id":7.0}',
        '{"id":1e5000}',
        '{"id":1e5000000}',
        '{"id":1e9999999999999999999}',
        f'{{"id":{"9" * 5000}}}',
        '{"id":9007199254740993}',
        '{"id":"\\ud800"}',
        f'{{"id":"{"x" * 101}"}}',
        '{"id":7,"id":8}',
        f'{{"id":7,"padding":"{"x" * 20_000}"}}',
        f'{{"action":{DEEP},"id":{DEEP}}}',
        "[" * 100_000,
        "\ud800",
    ],
    ids=lambda text: text[:30].encode("ascii", "replace").decode(),
)
def test_a_frame_without_a_valid_id_is_refused_without_one(text: str) -> None:
    assert frame_id(text) is None


@pytest.mark.parametrize(("size", "is_taken"), [(16_384, True), (16_385, False), (160_000, False)])
def test_a_frame_may_have_16_kilobytes_and_no_more(size: int, is_taken: bool) -> None:
    frame = '{"action":"ping"}'.ljust(size - 2) + "\n\n"
    in_two_bytes_each = '{"action":"ping","id":"%s"}' % ("é" * 20)
    assert frame_id(in_two_bytes_each.ljust(size - 20)) == ("é" * 20 if is_taken else None)
    if is_taken:
        assert parse_frame(frame) == PingFrame(action="ping")
    else:
        with pytest.raises(Malformed, match="16 KB"):
            parse_frame(frame)


def test_a_slippage_of_nothing_or_all_is_one_and_none_is_rounded() -> None:
    text = '{"tokenIn":"SOL","tokenOut":"USDC","amount":1,"slippage":%s}'
    assert [read(text % percent).slippage_bps for percent in (0, 0.01, 100)] == [0, 1, 10_000]
    with pytest.raises(Invalid) as invalid:
        read(text % "0.500000000000000000000000000000001")
    assert invalid.value.field == "slippage"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Malformed("x"), 400, "malformed"),
        (Unauthenticated("x"), 401, "unauthenticated"),
        (NotFound("x"), 404, "not_found"),
        (IdempotencyConflict("x"), 409, "idempotency_conflict"),
        (BodyTooLarge("x"), 413, "body_too_large"),
        (Invalid("x", "amount"), 422, "invalid"),
        (TooManyOrders("x", 7), 429, "too_many_orders"),
        (InsufficientLiquidity("x"), 422, "insufficient_liquidity"),
        (NoVenue("x"), 503, "no_venue"),
        (StoreUnavailable("x"), 503, "unavailable"),
        (CommitUnknown("x", "ord_1"), 504, "outcome_unknown"),
        (LeaseLost("secret"), 500, "internal"),
        (DexecError("secret"), 500, "internal"),
    ],
)
def test_every_error_is_a_problem(error: DexecError, status: int, code: str) -> None:
    body = problem(error)
    assert status_of(error) == body["status"] == status
    assert (body["code"], body["type"]) == (code, f"/errors/{code}")
    assert problem(error, "https://api.example.com")["type"] == f"https://api.example.com/errors/{code}"
    assert "secret" not in json.dumps(body)
    assert body.get("orderId") == ("ord_1" if status == 504 else None)
    assert body.get("retryAfter") == {429: 7, 503: 1}.get(status)


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"clientOrderId": "x" * 101}, "clientOrderId", "must have at most 100 characters"),
        ({"clientId": "x" * 101}, "clientId", "must have at most 100 characters"),
        ({"clientId": ""}, "clientId", "must not be empty"),
        ({"clientId": 7}, "clientId", "must be a string"),
        ({"slippageBps": "7"}, "slippageBps", "must be an integer"),
        ({"slippageBps": 10_001}, "slippageBps", "must be at most 10000"),
        ({"slippageBps": -1}, "slippageBps", "must be at least 0"),
        ({"mode": "exact"}, "mode", "must be 'exactIn' or 'exactOut'"),
        (
            {"orderType": "iceberg"},
            "orderType",
            "must be 'market', 'limit', 'stop', 'trailingStop' or 'oco'",
        ),
        ({"tokenOut": "sol"}, "tokenOut", "must differ from tokenIn: both are SOL"),
        ({"tip": 1}, "tip", "is not a known field"),
    ],
)
def test_what_is_wrong_is_said_in_the_apis_own_words(
    fields: dict[str, object], field: str, message: str
) -> None:
    order = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1} | fields
    with pytest.raises(Invalid) as refused:
        read(json.dumps(order))
    assert (refused.value.field, str(refused.value)) == (field, message)


@pytest.mark.parametrize(
    ("names", "label"),
    [
        ({}, None),
        ({"clientOrderId": "rebalance 7"}, "rebalance 7"),
        ({"clientId": "rebalance 7"}, "rebalance 7"),
        ({"clientOrderId": "rebalance 7", "clientId": "rebalance 7"}, "rebalance 7"),
        ({"clientOrderId": "rebalance 7", "clientId": None}, "rebalance 7"),
    ],
)
def test_the_clients_own_id_has_two_names(names: dict[str, object], label: str | None) -> None:
    assert OrderBody.model_validate({"amount": 1} | names).label() == label


def test_own_ids_that_differ_are_refused() -> None:
    body = OrderBody.model_validate({"amount": 1, "clientOrderId": "a", "clientId": "b"})
    with pytest.raises(Invalid, match="differs from clientOrderId, whose old name it is") as invalid:
        body.label()
    assert invalid.value.field == "clientId"

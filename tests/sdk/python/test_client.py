"""The typed client, asynchronous: placing, reading, what is refused, what is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

import dexec_client
from dexec_client import AsyncClient, errors
from dexec_client.raw.json_types import Document
from tests.sdk.python.fake_deployment import Deployment
from tests.support.awaited import awaited

GATEWAY: Document = {"message": "Internal server error"}


@awaited
async def test_an_order_is_sent_as_the_api_takes_it_and_read_as_models(deployment: Deployment) -> None:
    async with AsyncClient(deployment.url, api_key="k") as client:
        handle = await client.execute(
            token_in="SOL", token_out="USDC", amount=Decimal("0.000000001"), slippage_bps=50,
            min_amount_out="155.5", deadline=60, mode="exactIn", client_order_id="mine",
            extra={"orderType": "market"},
        )  # fmt: skip
        assert handle.starts_at is not None
        assert handle.starts_at.tzinfo is not None
        order = await handle.refresh()
    assert deployment.orders[handle.id].body == {
        "tokenIn": "SOL", "tokenOut": "USDC", "amount": "0.000000001", "slippageBps": 50, "mode": "exactIn",
        "minAmountOut": "155.5", "deadline": 60, "clientOrderId": "mine", "orderType": "market",
    }  # fmt: skip
    assert (order.order_id, order.status, order.client_order_id) == (handle.id, "pending", "mine")
    assert order.amount == Decimal("0.000000001")
    assert [event.seq for event in order.events] == [1]
    assert order.model_extra == {"brandNew": "of a later version"}


@pytest.mark.parametrize("amount", [1.5, True, None, b"1"])
@awaited
async def test_an_amount_that_is_not_exact_is_refused(deployment: Deployment, amount: object) -> None:
    async with AsyncClient(deployment.url, api_key="k") as client:
        with pytest.raises(TypeError, match="floats are not exact"):
            await client.execute(token_in="SOL", token_out="USDC", amount=amount)  # type: ignore[arg-type]
    assert deployment.requests == []


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_a_lost_answer_is_asked_for_again_under_one_key(deployment: Deployment) -> None:
    deployment.refusals = [(502, GATEWAY), (504, GATEWAY)]
    said: list[str] = []
    async with AsyncClient(deployment.url, api_key="k", on_retry=said.append) as client:
        order = await client.execute(token_in="SOL", token_out="USDC", amount=1, idempotency_key="one")
    assert order.id == "ord_one"
    assert deployment.keys == ["one"] * 3
    assert len(said) == 2


@awaited
async def test_an_empty_idempotency_key_is_refused_and_not_taken_for_none(deployment: Deployment) -> None:
    async with AsyncClient(deployment.url, api_key="k") as client:
        with pytest.raises(ValueError, match="the idempotency key is empty"):
            await client.execute(token_in="SOL", token_out="USDC", amount=1, idempotency_key="")
    assert deployment.requests == []


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_an_order_that_may_have_been_placed_names_the_key_to_repeat_it_with(
    deployment: Deployment,
) -> None:
    deployment.refusals = [(502, GATEWAY)] * 5
    async with AsyncClient(deployment.url, api_key="k") as client:
        with pytest.raises(errors.Unavailable) as raised:
            await client.execute(token_in="SOL", token_out="USDC", amount="1")
    assert raised.value.is_unknown
    assert deployment.keys == [raised.value.idempotency_key] * 5


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_what_only_reads_is_asked_for_again_too(deployment: Deployment) -> None:
    deployment.refusals = [(503, GATEWAY), (502, GATEWAY)]
    async with AsyncClient(deployment.url, api_key="k") as client:
        (balance,) = await client.balances()
    assert balance.amount == Decimal("999999.999999999")
    assert len(deployment.requests) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Unauthorized),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (413, errors.BadRequest),
        (418, errors.ApiError),
        (422, errors.Invalid),
        (429, errors.RateLimited),
        (500, errors.ServerError),
        (503, errors.Unavailable),
    ],
)
@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_a_refusal_is_an_error_of_its_kind(
    deployment: Deployment, status: int, kind: type[errors.ApiError]
) -> None:
    problem: Document = {
        "type": "/problems/made-up",
        "title": "Made up",
        "detail": "because",
        "status": status,
    }
    problem |= {"errors": [{"field": "amount", "message": "must be positive"}], "retryAfter": 7}
    deployment.refusals = [(status, problem)] * 5
    async with AsyncClient(deployment.url, api_key="k") as client:
        with pytest.raises(errors.ApiError, match="because") as raised:
            await client.execute(token_in="SOL", token_out="USDC", amount="0")
    error = raised.value
    assert type(error) is kind
    assert (error.status, error.code, error.retry_after) == (status, "made_up", 7)
    assert error.is_unknown == (status == 500), "what failed may have stored the order before"
    if isinstance(error, errors.Invalid):
        assert error.fields == {"amount": "must be positive"}


@awaited
async def test_an_answer_that_cannot_be_read_says_so(deployment: Deployment) -> None:
    deployment.refusals = [(202, {"orderId": "ord_1"})]
    async with AsyncClient(deployment.url, api_key="k") as client:
        with pytest.raises(
            errors.UnexpectedAnswer, match=r"as OrderAccepted.*status: Field required"
        ) as raised:
            await client.execute(token_in="SOL", token_out="USDC", amount="1", idempotency_key="mine")
    assert (raised.value.is_unknown, raised.value.idempotency_key) == (True, "mine")


@pytest.mark.usefixtures("no_pauses")
@awaited
async def test_no_answer_at_all_is_a_lost_connection() -> None:
    async with AsyncClient("http://127.0.0.1:9", api_key="k") as client:
        with pytest.raises(errors.ConnectionLost) as raised:
            await client.tokens()
    assert raised.value.is_unknown


@awaited
async def test_pages_are_read_as_they_are_needed(deployment: Deployment) -> None:
    ids = [deployment.add() for _ in range(230)]
    async with AsyncClient(deployment.url, api_key="k") as client:
        everything = [order.order_id async for order in client.orders()]
        read = len(deployment.requests)
        some = [order.order_id async for order in client.orders(limit=120, status="confirmed")]
        orders = client.orders()
        await anext(orders)
        await orders.aclose()
    assert (everything, some, read) == (ids, ids[:120], 3)
    assert deployment.requests[3:] == [
        "GET /api/orders?status=confirmed&limit=100",
        "GET /api/orders?status=confirmed&limit=20&cursor=100",
        "GET /api/orders?limit=100",
    ]


@awaited
async def test_the_environment_names_the_deployment(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(errors.BadAddress, match="DEXEC_URL"):
        AsyncClient(api_key="k")
    monkeypatch.setenv("DEXEC_URL", deployment.url)
    with pytest.raises(errors.Unauthorized, match="DEXEC_API_KEY"):
        AsyncClient()
    monkeypatch.setenv("DEXEC_API_KEY", "k")
    async with AsyncClient() as client:
        assert (await client.config()).version == "1"


def test_every_public_name_is_there_and_documented() -> None:
    listed = {name for names in dexec_client._PLACES.values() for name in names}
    assert listed == set(dexec_client.__all__)
    missing = [name for name in dexec_client.__all__ if not getattr(dexec_client, name).__doc__]
    assert missing == []
    with pytest.raises(AttributeError):
        _ = dexec_client.made_up


def test_the_tree_of_errors_is_the_one_that_is_drawn() -> None:
    kinds = {
        kind.__name__: kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.DexecError)
    }
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in str(errors.__doc__).splitlines():
        name = line.lstrip(" │├└─").split(" ")[0]
        if name in kinds:
            depth = line.index(name)
            above = [(column, parent) for column, parent in above if column < depth]
            drawn[name] = above[-1][1] if above else ""
            above.append((depth, name))
    assert drawn.keys() == kinds.keys()
    assert all(not parent or kinds[name].__bases__[0] is kinds[parent] for name, parent in drawn.items())

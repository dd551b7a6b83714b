"""Market files: the vector files' pools with tokens, several of them."""

import json
from pathlib import Path

import pytest

from dexec.domain.errors import Invalid
from dexec.domain.quote import Mode
from infra.cli.pool_files import PoolFileError
from infra.cli.quote_market import price_market
from infra.local.home import PROJECT

Entry = dict[str, object]
VECTORS = PROJECT / "tests" / "vectors" / "meteora_dlmm.json"

PRODUCT: Entry = {
    "kind": "constant_product",
    "venue": "raydium",
    "token_x": "SOL",
    "token_y": "USDC",
    "reserve_x": 10**14,
    "reserve_y": 15 * 10**12,
}


def vector_pool(index: int) -> Entry:
    """A pool of the vector file as it stands there, its cases included, and what a market file adds."""
    pool: Entry = json.loads(VECTORS.read_text())["pools"][index]
    return {"kind": "dlmm", "venue": "meteora", "token_x": "USDC", "token_y": "USDT"} | pool


def write(tmp_path: Path, *pools: Entry, **more: object) -> Path:
    path = tmp_path / "market.json"
    path.write_text(json.dumps({"pools": pools, **more}))
    return path


def test_a_pool_of_the_vector_file_gives_what_its_case_says(tmp_path: Path) -> None:
    pool = vector_pool(2)
    cases = pool["cases"]
    assert isinstance(cases, list)
    case = next(case for case in cases if case["swap_for_y"])
    path = write(tmp_path, pool | {"elapsed_s": case["elapsed_s"]})
    amount = f"{case['amount_in'] // 10**6}.{case['amount_in'] % 10**6:06d}"
    route = price_market(path, "USDC", "USDT", amount)
    assert route.amount_out == case["amount_out"]


def test_pools_of_several_venues_are_one_market(tmp_path: Path) -> None:
    path = write(tmp_path, PRODUCT, vector_pool(8), PRODUCT | {"id": "second", "fee_bps": 4}, slot=77)
    route = price_market(path, "sol", "USDT", "0.02")
    assert [leg.pool_id for leg in route.legs] == ["second", "meteora:USDC-USDT#1"]
    assert route.slot == 77
    exact_out = price_market(path, "SOL", "USDC", "3", mode=Mode.EXACT_OUT, slippage_bps=100)
    assert exact_out.amount_out == 3 * 10**6
    assert exact_out.limit == exact_out.amount_in * 10_100 // 10_000


def test_a_pool_with_limit_orders_gives_what_its_case_says(tmp_path: Path) -> None:
    """Pasted whole, labels and all."""
    content = json.loads(VECTORS.with_name("meteora_dlmm_orders.json").read_text())
    priced = 0
    for pool in content["pools"]:
        entry = {"kind": "dlmm", "venue": "meteora", "token_x": "USDC", "token_y": "USDT"} | pool
        for case in pool["cases"]:
            if case["mode"] == "exact_out" and case["swap_for_y"] and case.get("limit_order_fee"):
                path = write(tmp_path, entry | {"elapsed_s": case["elapsed_s"]})
                amount = f"{case['amount'] // 10**6}.{case['amount'] % 10**6:06d}"
                route = price_market(path, "USDC", "USDT", amount, mode=Mode.EXACT_OUT)
                assert route.amount_in == case["amount_in"]
                priced += 1
    assert priced > 20


def test_the_fees_of_a_constant_product_pool_are_its_own(tmp_path: Path) -> None:
    fees: Entry = {"trade_fee_rate": 3_000, "creator_fee_rate": 10_000}
    outputs = [
        price_market(write(tmp_path, PRODUCT | more), "SOL", "USDC", "1000").amount_out
        for more in ({}, {"fee_bps": 25}, {"trade_fee_rate": 2_500}, fees, fees | {"creator_fee_on": 2})
    ]
    assert outputs[0] == outputs[1] == outputs[2]
    # net = 10^12 * 0.987, out = floor(net * y / (x + net)); then net = 10^12 * 0.997, out - ceil(out / 100)
    assert outputs[3] == 987 * 10**9 * 15 * 10**12 // (10**14 + 987 * 10**9)
    assert outputs[4] == (997 * 10**9 * 15 * 10**12 // (10**14 + 997 * 10**9)) * 99 // 100


def test_the_files_leg_cost_is_respected(tmp_path: Path) -> None:
    pools = PRODUCT, PRODUCT | {"id": "second"}
    assert len(price_market(write(tmp_path, *pools), "SOL", "USDC", "1000").legs) == 2
    assert len(price_market(write(tmp_path, *pools, leg_cost=10**12), "SOL", "USDC", "1000").legs) == 1


def test_the_documented_file_can_be_priced(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "routing.md").read_text()
    path = tmp_path / "market.json"
    path.write_text(page.split("```json\n")[1].split("```")[0])
    route = price_market(path, "SOL", "USDC", "250")
    assert {quote.venue for quote in route.quotes} == {"raydium", "meteora"}


@pytest.mark.parametrize(
    ("pools", "says"),
    [
        ([], "pools: List should have at least 1 item"),
        ([{"kind": "curve"}], "'curve'"),
        ([PRODUCT | {"reserve_x": 0}], "pools.0.constant_product.reserve_x"),
        ([PRODUCT | {"reserve_x": 1.5}], "reserve_x"),
        ([PRODUCT | {"fee": 25}], "fee: Extra inputs"),
        ([PRODUCT, PRODUCT | {"token_x": "DOGE"}], "pools.1: unknown token 'DOGE'"),
        ([PRODUCT | {"token_x": "USDC"}], "pools.0: a pool needs two tokens"),
        ([PRODUCT | {"id": "a"}, PRODUCT | {"id": "a"}], "pools.1: .* id of its own"),
        ([vector_pool(0) | {"collect_fee_mode": "both"}], "collect_fee_mode"),
        ([vector_pool(0) | {"bins": [[0, 1, 1, None], [30_000, 1, 1, None]]}], "pools.0: the bins span more"),
        ([vector_pool(0) | {"bins": [[0, 1, 1, "one"]]}], "pools.0: .*one"),
        ([vector_pool(0) | {"collect_fee_mode": 2}], "collect_fee_mode"),
        ([vector_pool(0) | {"function_type": 3}], "function_type"),
        ([vector_pool(0) | {"reward_mints": 3}], "reward_mints"),
        ([vector_pool(0) | {"protocol_share": 10_001}], "protocol_share"),
        ([vector_pool(0) | {"bins": [[0, 1, 1, None, 5, 6, 7, 0, 0, 0, 0, 0, 0]]}], "bin 0: more is left"),
        ([vector_pool(0) | {"bins": [[0, 1, 1, None, 5, 6, 6, 0, 2, 0, 0, 0, 0]]}], "bins.0"),
        ([vector_pool(0) | {"bins": [[0, 1, 1, None, 5]]}], "bins.0"),
        ([PRODUCT | {"fee_bps": 25, "trade_fee_rate": 2_500}], "pools.0: .*not both"),
        ([PRODUCT | {"trade_fee_rate": 600_000, "creator_fee_rate": 400_000}], "pools.0: .*the whole amount"),
        ([PRODUCT | {"creator_fee_on": 3}], "creator_fee_on"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, pools: list[Entry], says: str) -> None:
    with pytest.raises(PoolFileError, match=says):
        price_market(write(tmp_path, *pools), "SOL", "USDC", "1")


@pytest.mark.parametrize(
    ("token_in", "token_out", "amount", "field"),
    [
        ("SOL", "SOL", "1", "tokenOut"),
        ("DOGE", "SOL", "1", "tokenIn"),
        ("SOL", "USDC", "0", "amount"),
        ("SOL", "USDC", "1e3", "amount"),
    ],
)
def test_a_wrong_order_is_refused(
    tmp_path: Path, token_in: str, token_out: str, amount: str, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        price_market(write(tmp_path, PRODUCT), token_in, token_out, amount)
    assert caught.value.field == field

"""The vector files pass whole, and the checker notices what does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.cli.pool_files import PoolFileError
from infra.cli.vectors import Outcome, check_vectors, run
from infra.local.home import PROJECT

VECTORS = PROJECT / "tests" / "vectors"
RAYDIUM = VECTORS / "raydium_constant_product.json"
METEORA = VECTORS / "meteora_dlmm.json"
ORDERS = VECTORS / "meteora_dlmm_orders.json"


def checked(folder: Path, content: object) -> Outcome:
    """Return what the checker makes of a file with this content."""
    file = folder / "changed.json"
    file.write_text(json.dumps(content))
    return check_vectors([file])


def test_every_vector_matches_to_the_unit_and_the_totals_are_said_last() -> None:
    said: list[str] = []
    assert run([RAYDIUM, METEORA, ORDERS], said.append) == 0
    assert said == [f"{600 + 480 + 490} passed, 0 failed"]


def test_a_difference_of_one_unit_fails_its_case_alone(tmp_path: Path) -> None:
    content = json.loads(METEORA.read_text())
    case = content["pools"][3]["cases"][5]
    case["amount_out"] += 1
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(content))
    said: list[str] = []
    assert run([wrong], said.append) == 1
    right = case["amount_out"] - 1
    assert said == [
        f"{wrong}: pool 3, case 5: amount_out should be {right + 1}, computed {right}",
        "479 passed, 1 failed",
    ]


def filled_case(content: dict[str, Any]) -> dict[str, Any]:
    """The first case that has everything, and another that follows on it."""
    for pool in content["pools"]:
        for case in pool["cases"]:
            if case.get("then", {}).get("bins_after") and case["limit_order_fee"] and "bitmap_after" in case:
                content["pools"] = [pool | {"cases": [case]}]
                found: dict[str, Any] = case
                return found
    raise AssertionError("no such case")


@pytest.mark.parametrize(
    "field",
    [
        *("amount_in", "amount_out", "fee", "mm_fee", "limit_order_fee", "protocol_fee"),
        *("protocol_fee_x", "protocol_fee_y", "active_bin_after", "volatility_accumulator_after"),
        *("volatility_reference_after", "index_reference_after", "elapsed_after_s"),
    ],
)
def test_every_figure_of_the_state_afterwards_counts(tmp_path: Path, field: str) -> None:
    content = json.loads(ORDERS.read_text())
    filled_case(content)[field] += 1
    outcome = checked(tmp_path, content)
    assert (outcome.passed, outcome.failed) == (1, 1)
    assert f"pool 0, case 0: {field} should be" in outcome.differences[0]


def test_every_column_of_a_changed_bin_and_the_bitmap_count(tmp_path: Path) -> None:
    for column in range(13):
        content = json.loads(ORDERS.read_text())
        row = filled_case(content)["bins_after"][0]
        row[column] = str(int(row[3]) + 1) if column == 3 else abs(row[column] - 1)
        assert "bins_after should be" in checked(tmp_path, content).differences[0]
    content = json.loads(ORDERS.read_text())
    filled_case(content)["bitmap_after"].append(400)
    assert "bitmap_after should be" in checked(tmp_path, content).differences[0]


def test_a_case_that_follows_counts_by_itself(tmp_path: Path) -> None:
    content = json.loads(ORDERS.read_text())
    filled_case(content)["then"]["amount_out"] += 1
    outcome = checked(tmp_path, content)
    assert (outcome.passed, outcome.failed) == (1, 1)
    assert "pool 0, case 0, then: amount_out should be" in outcome.differences[0]


def test_the_programs_refusals_count(tmp_path: Path) -> None:
    content = json.loads(ORDERS.read_text())
    refused = [case for pool in content["pools"] for case in pool["cases"] if "error" in case]
    assert {case["error"] for case in refused} == {6002, 6036, 6039, 6085}
    for case in refused:
        case["error"] += 1
    outcome = checked(tmp_path, content)
    assert (outcome.passed, outcome.failed) == (490 - len(refused), len(refused))
    assert "error should be 60" in outcome.differences[0]


def test_the_columns_of_a_bin_have_to_be_the_known_ones(tmp_path: Path) -> None:
    content = json.loads(ORDERS.read_text())
    content["bin_fields"].reverse()
    with pytest.raises(PoolFileError, match="the columns of a bin have to be id, amount_x"):
        checked(tmp_path, content)


def test_a_wrong_active_bin_is_a_difference(tmp_path: Path) -> None:
    content = json.loads(METEORA.read_text())
    content["pools"] = content["pools"][:1]
    content["pools"][0]["cases"][2]["active_bin_after"] += 1
    outcome = checked(tmp_path, content)
    assert (outcome.passed, outcome.failed) == (39, 1)
    assert "active_bin_after" in outcome.differences[0]


def test_a_case_that_the_pool_cannot_trade_is_a_difference(tmp_path: Path) -> None:
    content = json.loads(RAYDIUM.read_text())
    exact_out = next(case for case in content["cases"] if case["mode"] == "exact_out")
    content["cases"] = [exact_out | {"amount_out": exact_out["reserve_out"]}]
    outcome = checked(tmp_path, content)
    assert outcome.failed == 1
    assert "does not hold that much" in outcome.differences[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "Invalid JSON"),
        ("{}", "venue"),
        ('{"venue": "orca"}', "orca"),
        ('{"venue": "raydium", "cases": [{"mode": "exact_in"}]}', "cases.0.reserve_in: Field required"),
        ('{"venue": "meteora_dlmm", "pools": [], "pool": 1}', "pool: Extra inputs"),
    ],
)
def test_a_file_of_another_form_is_named_with_the_place(tmp_path: Path, text: str, says: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(text)
    with pytest.raises(PoolFileError, match=r"bad\.json") as caught:
        check_vectors([bad])
    assert says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    said: list[str] = []
    assert run([tmp_path / "none.json"], said.append) == 1
    assert "none.json: No such file" in said[0]


def test_repeated_bins_are_refused(tmp_path: Path) -> None:
    content = json.loads(METEORA.read_text())
    content["pools"] = content["pools"][:1]
    content["pools"][0]["bins"][1][0] = content["pools"][0]["bins"][0][0]
    with pytest.raises(PoolFileError, match="twice"):
        checked(tmp_path, content)

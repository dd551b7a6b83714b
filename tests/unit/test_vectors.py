"""The vector files pass whole, and the checker notices what does not."""

import json
from pathlib import Path

import pytest

from infra.cli.pool_files import PoolFileError
from infra.cli.vectors import check_vectors, run

VECTORS = Path(__file__).parents[1] / "vectors"
RAYDIUM = VECTORS / "raydium_constant_product.json"
METEORA = VECTORS / "meteora_dlmm.json"


def test_every_vector_matches_to_the_unit() -> None:
    assert check_vectors([RAYDIUM]) == (600, 0, [])
    assert check_vectors([METEORA]) == (480, 0, [])


def test_the_totals_are_said_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([RAYDIUM, METEORA], print) == 0
    assert capsys.readouterr().out == "1080 passed, 0 failed\n"


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
        f"{wrong}: pool 3, case 5: amount_out should be {right + 1}, ours is {right}",
        "479 passed, 1 failed",
    ]


def test_a_wrong_active_bin_is_a_difference(tmp_path: Path) -> None:
    content = json.loads(METEORA.read_text())
    content["pools"] = content["pools"][:1]
    content["pools"][0]["cases"][2]["active_bin_after"] += 1
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(content))
    outcome = check_vectors([wrong])
    assert (outcome.passed, outcome.failed) == (39, 1)
    assert "active_bin_after" in outcome.differences[0]


def test_a_case_that_the_pool_cannot_trade_is_a_difference(tmp_path: Path) -> None:
    content = json.loads(RAYDIUM.read_text())
    exact_out = next(case for case in content["cases"] if case["mode"] == "exact_out")
    content["cases"] = [exact_out | {"amount_out": exact_out["reserve_out"]}]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(content))
    outcome = check_vectors([wrong])
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
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(content))
    with pytest.raises(PoolFileError, match="twice"):
        check_vectors([bad])

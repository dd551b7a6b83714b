"""Market files priced by us and by scipy: at least 1,000 random markets, one file each.

The oracle knows nothing of our arithmetic: it maximises the real-valued curves of the pools in the file.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from dexec.domain.quote import Mode
from infra.cli.quote_market import price_market

Entry = dict[str, object]
Real = Callable[[float], float]

HUNDREDTH_BP = 1e-6
SIZE = 10**13


def product_entry(rnd: Random, pair: tuple[str, str], price: float) -> tuple[Entry, Real]:
    """A constant product pool as the file has it, and its real-valued curve selling token x."""
    x = rnd.randint(SIZE // 10, SIZE)
    y = int(x * price * rnd.uniform(0.97, 1.03))
    fee_bps = rnd.choice((4, 25, 30, 100))
    keep = 1 - fee_bps / 10_000
    entry: Entry = {"kind": "constant_product", "venue": "raydium", "token_x": pair[0], "token_y": pair[1]}
    entry |= {"reserve_x": x, "reserve_y": y, "fee_bps": fee_bps}
    return entry, lambda a: keep * a * y / (x + keep * a)


def bins_entry(rnd: Random, pair: tuple[str, str]) -> tuple[Entry, Real]:
    """A DLMM pool with a price around 1 and a constant fee, and its piecewise linear curve selling x."""
    step = rnd.choice((10, 25, 80))
    count, factor = rnd.randint(5, 40), rnd.randint(1_000, 10_000)
    held = [0 if rnd.random() < 0.1 else rnd.randint(SIZE // 100, SIZE // 10) for _ in range(count)]
    entry: Entry = {"kind": "dlmm", "venue": "meteora", "token_x": pair[0], "token_y": pair[1]}
    entry |= {"bin_step": step, "base_factor": factor, "filter_period_s": 30, "decay_period_s": 600}
    entry |= {"reduction_factor": 5_000, "variable_fee_control": 0, "max_volatility_accumulator": 0}
    entry |= {"active_bin": 0, "index_reference": 0}
    entry["bins"] = [[-place, 0, amount, None] for place, amount in enumerate(held)]
    prices = (1 + step / 10_000) ** -np.arange(count) * (1 - factor * step * 10 / 1e9)
    inputs = np.concatenate([[0.0], np.cumsum(np.array(held) / prices)])
    outputs = np.concatenate([[0.0], np.cumsum(np.array(held, dtype=float))])
    return entry, lambda a: float(np.interp(a, inputs, outputs))


def write(tmp_path: Path, entries: Sequence[Entry]) -> Path:
    path = tmp_path / "market.json"
    path.write_text(json.dumps({"slot": 1, "pools": list(entries)}))
    return path


def best_share(value: Callable[[float], float], most: float) -> float:
    """The maximum of a concave function over [0, most], its ends included."""
    # Here, because it takes a second to load: every process of a run imports this file.
    from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]

    found = minimize_scalar(
        lambda a: -value(a), bounds=(0.0, most), method="bounded", options={"xatol": 1e-12 * most}
    )
    return max(-float(found.fun), value(0.0), value(most))


def check(path: Path, pair: tuple[str, str], amount: int, oracle: float) -> None:
    text = f"{amount // 10**6}.{amount % 10**6:06d}"
    route = price_market(path, *pair, text)
    assert route.amount_in == amount
    assert route.amount_out >= oracle * (1 - HUNDREDTH_BP) - 10
    assert route.amount_out <= oracle * (1 + HUNDREDTH_BP / 10) + 2
    assert route.bound >= oracle * (1 - 1e-9)
    assert route.bound <= oracle * (1 + HUNDREDTH_BP) + 10


@pytest.mark.parametrize("block", range(4))
def test_two_constant_product_pools(block: int, tmp_path: Path) -> None:
    rnd = Random(block)
    for _ in range(100):
        (first, f), (second, g) = (product_entry(rnd, ("USDT", "USDC"), 1.0) for _ in range(2))
        amount = rnd.randint(10**9, SIZE // 5)
        oracle = best_share(lambda a, f=f, g=g, amount=amount: f(a) + g(amount - a), float(amount))  # type: ignore[misc]
        check(write(tmp_path, [first, second]), ("USDT", "USDC"), amount, oracle)


@pytest.mark.parametrize("block", range(3))
def test_a_constant_product_pool_and_bins(block: int, tmp_path: Path) -> None:
    rnd = Random(10 + block)
    for _ in range(100):
        first, f = product_entry(rnd, ("USDT", "USDC"), 1.0)
        second, g = bins_entry(rnd, ("USDT", "USDC"))
        amount = rnd.randint(10**9, SIZE // 5)
        # The breakpoints defeat a smooth optimiser: first a grid, then the best cell.
        grid = np.linspace(0.0, float(amount), 2_001)
        best = int(np.argmax([f(a) + g(amount - a) for a in grid]))
        low, high = float(grid[max(0, best - 1)]), float(grid[min(2_000, best + 1)])
        oracle = best_share(
            lambda a, f=f, g=g, low=low, amount=amount: f(low + a) + g(amount - low - a),  # type: ignore[misc]
            high - low,
        )
        check(write(tmp_path, [first, second]), ("USDT", "USDC"), amount, oracle)


@pytest.mark.parametrize("block", range(2))
def test_several_constant_product_pools(block: int, tmp_path: Path) -> None:
    from scipy.optimize import minimize

    rnd = Random(20 + block)
    for _ in range(100):
        made = [product_entry(rnd, ("USDT", "USDC"), 1.0) for _ in range(rnd.randint(3, 5))]
        amount = rnd.randint(10**9, SIZE // 5)

        def cost(shares: np.ndarray, curves: Sequence[Real], amount: int) -> float:
            return -sum(f(float(share) * amount) for f, share in zip(curves, shares, strict=True)) / amount

        curves = [f for _, f in made]
        found = minimize(
            cost,
            np.full(len(made), 1 / len(made)),
            args=(curves, amount),
            bounds=[(0, 1)] * len(made),
            constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 200},
        )
        alone = max(f(float(amount)) for f in curves)
        oracle = max(-float(found.fun) * amount, alone)
        check(write(tmp_path, [entry for entry, _ in made]), ("USDT", "USDC"), amount, oracle)


def test_a_direct_pool_and_two_hops(tmp_path: Path) -> None:
    rnd = Random(30)
    for _ in range(100):
        direct, f = product_entry(rnd, ("JUP", "USDC"), 0.5)
        first, g = product_entry(rnd, ("JUP", "USDT"), 0.5)
        second, h = product_entry(rnd, ("USDT", "USDC"), 1.0)
        amount = rnd.randint(10**9, SIZE // 5)
        oracle = best_share(
            lambda a, f=f, g=g, h=h, amount=amount: f(a) + h(g(amount - a)),  # type: ignore[misc]
            float(amount),
        )
        check(write(tmp_path, [direct, first, second]), ("JUP", "USDC"), amount, oracle)


def test_exact_outputs(tmp_path: Path) -> None:
    """What the oracle gets out of an amount takes us no more than that amount, and hardly less."""
    rnd = Random(40)
    for _ in range(100):
        (first, f), (second, g) = (product_entry(rnd, ("USDT", "USDC"), 1.0) for _ in range(2))
        amount = rnd.randint(10**9, SIZE // 5)
        oracle = best_share(lambda a, f=f, g=g, amount=amount: f(a) + g(amount - a), float(amount))  # type: ignore[misc]
        wanted = int(oracle)
        path = write(tmp_path, [first, second])
        text = f"{wanted // 10**6}.{wanted % 10**6:06d}"
        route = price_market(path, "USDT", "USDC", text, mode=Mode.EXACT_OUT)
        assert route.amount_out == wanted
        assert amount * (1 - HUNDREDTH_BP / 10) - 2 <= route.amount_in <= amount * (1 + HUNDREDTH_BP) + 10
        assert amount * (1 - HUNDREDTH_BP) - 10 <= route.bound <= route.amount_in

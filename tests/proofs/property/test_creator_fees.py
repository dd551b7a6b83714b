"""CP-swap's creator fees: exact out is the least input, in and out are inverse, and all of it is monotone."""

from random import Random

import pytest

from dexec.domain.errors import InsufficientLiquidity
from dexec.domain.pools import ConstantProductPool, CreatorFeeOn

ROUNDS = 300
UNIT = 10**6


def random_pool(rnd: Random, creator_fee_on: CreatorFeeOn) -> ConstantProductPool:
    x, y = (rnd.randint(1, 10 ** rnd.randint(1, 16)) for _ in range(2))
    trade, creator = rnd.choice((0, 1, 2_500, 300_000)), rnd.choice((1, 500, 10_000, 600_000))
    return ConstantProductPool("p", "raydium", "X", "Y", x, y, trade, creator, creator_fee_on)


def by_the_rules(pool: ConstantProductPool, token_in: str, amount_in: int) -> tuple[int, int]:
    """Output and creator's fee on it, in the words of the program: one ceiling each."""
    sells_x = token_in == "X"
    x, y = (pool.reserve_x, pool.reserve_y) if sells_x else (pool.reserve_y, pool.reserve_x)
    on_output = pool.creator_fee_on is (CreatorFeeOn.TOKEN_Y if sells_x else CreatorFeeOn.TOKEN_X)
    rate = pool.trade_fee_rate + (0 if on_output else pool.creator_fee_rate)
    net = amount_in - -(-amount_in * rate // UNIT)
    out = net * y // (x + net)
    fee = -(-out * pool.creator_fee_rate // UNIT) if on_output else 0
    return out - fee, fee


@pytest.mark.parametrize("creator_fee_on", list(CreatorFeeOn))
@pytest.mark.parametrize("token_in", ["X", "Y"])
def test_a_creators_fee_is_taken_as_the_program_does(creator_fee_on: CreatorFeeOn, token_in: str) -> None:
    rnd = Random(f"{creator_fee_on} {token_in}")
    on_output = 0
    for _ in range(ROUNDS):
        pool = random_pool(rnd, creator_fee_on)
        curve = pool.curve(token_in)
        amounts = sorted(rnd.randint(0, 10 ** rnd.randint(1, 18)) for _ in range(8))
        outputs = [curve.exact_in(amount) for amount in amounts]
        assert outputs == sorted(outputs)
        for amount, output in zip(amounts, outputs, strict=True):
            swap = curve.swap(amount)
            assert (output, swap.output_fee) == by_the_rules(pool, token_in, amount)
            least = curve.exact_out(output)
            assert least <= amount
            assert curve.exact_in(least) == output or curve.exact_in(least) > output
            assert least == 0 or curve.exact_in(least - 1) < output
            on_output += swap.output_fee > 0
        wanted = sorted(rnd.randint(0, curve.max_out) for _ in range(8))
        inputs = [curve.exact_out(amount) for amount in wanted]
        assert inputs == sorted(inputs)
        with pytest.raises(InsufficientLiquidity):
            curve.exact_out(curve.max_out + 1)
    # A fee in token y is on the output of who sells x, and the other way round.
    assert (on_output > 0) == (
        (creator_fee_on, token_in) in [(CreatorFeeOn.TOKEN_Y, "X"), (CreatorFeeOn.TOKEN_X, "Y")]
    )


def test_both_rates_are_rounded_up_once_on_the_input() -> None:
    pool = ConstantProductPool("p", "raydium", "X", "Y", 10**9, 10**9, 2_500, 2_500)
    # 100 * 0.005 is one unit; two ceilings of 0.25 would be two.
    assert pool.curve("X").swap(100).base_fee == 1
    assert pool.curve("X").swap(201).base_fee == 2


def test_an_output_fee_is_grossed_up_first() -> None:
    pool = ConstantProductPool("p", "raydium", "X", "Y", 10**9, 10**9, 0, 10_000, CreatorFeeOn.TOKEN_Y)
    # ceil(100 / 0.99) = 102, and 102 out take ceil(102 * 10^9 / (10^9 - 102)) = 103; of 102, ceil(1.02) = 2.
    assert pool.curve("X").exact_out(100) == 103
    assert pool.curve("X").exact_in(103) == 100
    assert pool.curve("X").swap(103).output_fee == 2

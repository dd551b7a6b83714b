"""What the paper ledger keeps of a transaction reads back as it was."""

from __future__ import annotations

import pytest

from dexec.adapters.paper.outcomes import dump_error, load_error
from dexec.domain.errors import AttemptFailed, InsufficientFunds, OrderFailed, PoolDisabled, SlippageExceeded


@pytest.mark.parametrize(
    "error",
    [
        SlippageExceeded("required at least 2 USDC, received 1 USDC", 2_000_000, 1_000_000),
        SlippageExceeded("required at most 1 SOL, received 1.05 SOL", 2**63 - 1, 0),
        InsufficientFunds("the wallet does not hold what the swap takes"),
        PoolDisabled("the pool is closed"),
        OrderFailed("no cluster takes these bytes"),
    ],
)
def test_an_error_reads_back_as_it_was(error: AttemptFailed | OrderFailed) -> None:
    read = load_error(dump_error(error))
    assert type(read) is type(error)
    assert read.failure() == error.failure()


def test_a_slippage_failure_says_required_against_received_in_bps() -> None:
    error = SlippageExceeded("required at least 2 USDC, received 1.9 USDC", 2_000_000, 1_900_000)
    failure = load_error(dump_error(error)).failure()
    assert failure.shortfall_bps == 500
    assert failure.message == (
        "the price moved 500 bps beyond the slippage limit: required at least 2 USDC, received 1.9 USDC"
    )

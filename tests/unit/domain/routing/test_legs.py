"""How much of a hop each leg trades."""

from __future__ import annotations

from dexec.domain.pools import ConstantProductPool
from dexec.domain.routing.legs import make_leg, with_shares

POOL = ConstantProductPool("pool", "venue", "SOL", "USDC", 10**9, 10**11)


def test_shares_are_of_what_is_paid_into_a_hop_rounded_half_up() -> None:
    paid = [(1, 1), (2, 1), (2, 2), (3, 1), (3, 1)]
    made = [make_leg(POOL, "SOL", amount_in, hop=hop, slot=7) for hop, amount_in in paid]
    assert {leg.share_bps for leg in made} == {0}
    legs = with_shares(made)
    assert [leg.share_bps for leg in legs] == [10_000, 3_333, 6_667, 5_000, 5_000]
    assert [leg.amount_in for leg in legs] == [amount_in for _, amount_in in paid]

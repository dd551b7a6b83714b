"""Optimal routing over pools: from their states to a route and its bound, its plan, and the plan's fill.

The problem is that of Angeris et al., "Optimal Routing for Constant Function Market Makers" (2022), in
integers and with a fixed cost for each leg; of paths, the direct one and those of two hops are looked at.
Its parts, in the order in which ``search`` uses them:

- ``hops``, ``paths``: the paths that may carry the order, and its flow over one of them
- ``single``: the best quote of each venue alone
- ``split``: the pools of one hop, by ``water_filling`` for real amounts and ``polish`` for whole ones
- ``multipath``: several paths at once
- ``bound``: how good any route could be, by Lagrangian duality
- ``plan``, ``costs``, ``reasons``: what is signed and filled, what it costs, why it was chosen
- ``reach``: how much could be traded, where the amount asked for cannot be
"""

from dexec.domain.quote import PlanLeg, SwapPlan
from dexec.domain.routing.hops import pairs_for, via_tokens
from dexec.domain.routing.plan import execute_plan
from dexec.domain.routing.record import record_fill, record_route
from dexec.domain.routing.search import bound_price, find_amounts, find_route

__all__ = [
    "PlanLeg",
    "SwapPlan",
    "bound_price",
    "execute_plan",
    "find_amounts",
    "find_route",
    "pairs_for",
    "record_fill",
    "record_route",
    "via_tokens",
]

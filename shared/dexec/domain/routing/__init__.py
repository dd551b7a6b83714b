"""Routing: from the states of pools to a route, its plan, and the plan's fill."""

from dexec.domain.quote import PlanLeg, SwapPlan
from dexec.domain.routing.hops import mids_for, pairs_for
from dexec.domain.routing.plan import execute_plan
from dexec.domain.routing.record import record_fill, record_route
from dexec.domain.routing.search import find_route

__all__ = [
    "PlanLeg",
    "SwapPlan",
    "execute_plan",
    "find_route",
    "mids_for",
    "pairs_for",
    "record_fill",
    "record_route",
]

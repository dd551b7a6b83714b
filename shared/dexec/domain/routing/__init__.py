"""Routing: from the states of pools to a route, its plan, and the plan's fill."""

from dexec.domain.quote import PlanLeg, SwapPlan
from dexec.domain.routing.details import FillDetails, RouteDetails, fill_details, route_details
from dexec.domain.routing.explain import Explanation, explain_fill
from dexec.domain.routing.hops import mids_for, pairs_for
from dexec.domain.routing.plan import execute_plan
from dexec.domain.routing.search import find_route

__all__ = [
    "Explanation",
    "FillDetails",
    "PlanLeg",
    "RouteDetails",
    "SwapPlan",
    "execute_plan",
    "explain_fill",
    "fill_details",
    "find_route",
    "mids_for",
    "pairs_for",
    "route_details",
]

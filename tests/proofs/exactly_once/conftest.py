"""What each of the many histories would compute anew from the same pools is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from dexec.api.routes import route_details
from dexec.domain.quote import PoolSnapshot, Route, RouteRequest, VenueFailure
from dexec.domain.routing import find_route, record_route


class Routes:
    """Finds routes; of pools it has the identity, since those of the market in memory stay the same ones."""

    def __init__(self) -> None:
        self._found: dict[object, tuple[Route, Sequence[PoolSnapshot]]] = {}

    def __call__(
        self,
        request: RouteRequest,
        snapshots: Sequence[PoolSnapshot],
        *,
        failures: Sequence[VenueFailure] = (),
        leg_cost: int = 0,
    ) -> Route:
        pools = tuple((one.venue, one.slot, one.latency_ms, id(one.pools)) for one in snapshots)
        asked = (request, pools, tuple(failures), leg_cost)
        if asked not in self._found:
            route = find_route(request, snapshots, failures=failures, leg_cost=leg_cost)
            # While the pools are held, no others have their identity.
            self._found[asked] = route, snapshots
        return self._found[asked][0]


@pytest.fixture(scope="package", autouse=True)
def remembered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dexec.usecases.quote_route.find_route", Routes())
        patch.setattr("dexec.usecases.execute_order.record_route", cache(record_route))
        patch.setattr("dexec.api.orders.route_details", cache(route_details))
        yield

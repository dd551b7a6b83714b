"""While an upgrade is under way, nothing is written that the functions before it could not read."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from dexec.domain.withdrawals import BY_REVOCATION
from tests.system.edge.inprocess import SWAP, Deployment, deployed
from tests.system.integration.conftest import KEY
from tests.system.integration.swaps import LIMIT, amend, cancel, sign

READ_BEFORE = {"pending", "routing", "building", "submitted", "confirmed", "failed"}
STEPS_BEFORE = {None, "quotes"}


@pytest.fixture
def upgrading(clean_url: str) -> Iterator[Deployment]:
    with deployed(clean_url, log_level="CRITICAL", waiting_orders=False) as deployment:
        deployment.add_key(KEY, "alice")
        yield deployment


def column(database_url: str, query: str) -> set[object]:
    with psycopg.connect(database_url) as connection:
        return {one for (one,) in connection.execute(query.encode())}


def test_what_waits_is_refused_in_words_and_what_ends_ends_as_before(
    upgrading: Deployment, clean_url: str
) -> None:
    filled = upgrading.place(KEY)
    upgrading.execute_all()
    for body in (LIMIT, SWAP | {"takeProfit": {"limitPrice": "100000"}}):
        refused = upgrading.order(KEY, body)
        assert (refused.status, refused.json["code"]) == (503, "unavailable")
        assert "not enabled on this deployment yet" in refused.text
    refused = amend(upgrading, filled, seq=1, limitPrice="1")
    assert (refused.status, refused.json["code"]) == (503, "unavailable")
    assert "not enabled on this deployment yet" in refused.text

    assert cancel(upgrading, upgrading.place(KEY)).json["status"] == "failed"
    late = upgrading.place(KEY, SWAP | {"deadline": 1})
    upgrading.wait(2)
    signed = upgrading.place(KEY)
    sign(upgrading, signed)
    assert cancel(upgrading, signed).status == 409
    upgrading.place(KEY)
    parts = upgrading.parts
    assert parts.cancel_orders.of_client("alice", BY_REVOCATION)
    upgrading.wait(60)
    upgrading.execute_all()
    upgrading.sweep()
    assert parts.watch_market(0, upgrading.clock.now()).counts["ticks"] == 0

    assert column(clean_url, "SELECT status FROM orders") == {"confirmed", "failed"}
    assert column(clean_url, "SELECT outcome FROM orders") == {"confirmed", "failed"}
    assert column(clean_url, f"SELECT outcome FROM orders WHERE id = '{late}'") == {"failed"}
    assert column(clean_url, "SELECT status FROM order_events") <= READ_BEFORE
    assert column(clean_url, "SELECT step FROM order_events") <= STEPS_BEFORE
    nothing = "SELECT coalesce(cancelled_by, waiting, exit_id, entry_id) FROM orders"
    assert column(clean_url, nothing) == {None}
    assert column(clean_url, "SELECT order_id FROM waiting") == set()

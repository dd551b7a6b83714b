"""An order that waits on a deployment: the function that ticks is started at once, and ends by itself."""

from __future__ import annotations

import time

from infra.local import stack
from infra.local.logs import LogReader
from tests.system.e2e.deployed import ORDER, Deployed
from tests.system.e2e.evidence import ended, wait_until

FAR = ORDER | {"orderType": "limit", "limitPrice": "100000", "deadline": 4}


def test_an_order_that_waits_is_watched_at_once_and_the_function_ends_when_nothing_waits(
    quiet: Deployed,
) -> None:
    reader = LogReader(quiet.aws.logs, stack.outputs(quiet.aws)["LogGroup"], since=time.time())
    with quiet.client(quiet.new_key()) as client:
        answer = client.post("api/orders/execute", json=FAR)
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "open"
        order_id = str(answer.json()["orderId"])
        outcome = ended(quiet, [order_id])[order_id]
        assert outcome.status == "expired"
        events = client.get(f"api/orders/{order_id}").json()["events"]
    assert [event["status"] for event in events] == ["open", "expired"]
    runs: list[dict[str, object]] = []

    def has_ended() -> bool:
        runs.extend(line.fields for line in reader.read() if line.fields.get("message") == "watched")
        return any(run.get("expired") for run in runs)

    wait_until(has_ended, "the function that ticked has ended, since nothing waits", timeout_s=40)
    (run,) = [run for run in runs if run.get("expired")]
    assert run["expired"] == 1
    assert run["failedTicks"] == 0
    assert int(str(run["ticks"])) >= 1

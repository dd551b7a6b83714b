"""Operators' commands on a running deployment, and on the same one as a stack that is known by name only."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from dexec.adapters.postgres.database import Database
from dexec.adapters.postgres.orders import PostgresOrders
from dexec.adapters.postgres.sources import from_url
from dexec.usecases.settle_dead_letter import MAX_ROUNDS
from dexec_client.raw.json_types import Document
from infra.lab.chaos import faults
from infra.local import stack
from tests.system.e2e import inprocess
from tests.system.e2e.deployed import ORDER, Deployed
from tests.system.e2e.evidence import ended, messages, orders_of, wait_for_clean_queues, wait_until
from tests.system.e2e.inprocess import Ran

TOO_MUCH = "900000"
"""SOL, of which a wallet has 10,000."""

Dexec = Callable[..., Ran]


@pytest.fixture
def dexec(deployment: Deployed) -> Dexec:
    """Run a command as the operator of the deployment on this machine."""
    home = deployment.home
    if home is None:
        pytest.skip("this deployment has no home directory")
    return lambda *arguments: inprocess.run(*arguments, "--home", str(home.root))


@pytest.fixture
def dexec_on_aws(deployment: Deployed) -> Dexec:
    """Run a command as the operator of a stack in the account that boto3 finds."""
    account = {
        "AWS_ENDPOINT_URL": deployment.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return lambda *arguments: inprocess.run(*arguments, **account)


@pytest.fixture
def name() -> str:
    return f"desk-{uuid.uuid4().hex[:8]}"


def said(ran: Ran) -> Document:
    assert ran.returncode == 0, ran.stderr
    document: Document = json.loads(ran.stdout)
    return document


def listed(ran: Ran) -> list[Document]:
    assert ran.returncode == 0, ran.stderr
    documents: list[Document] = json.loads(ran.stdout)
    return documents


def refused(ran: Ran) -> str:
    assert ran.returncode == 1, ran.stdout
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    return ran.stderr


def opens(deployment: Deployed, api_key: str) -> bool:
    with deployment.client(api_key) as client:
        return client.get("api/orders").status_code == 200


def test_a_key_is_created_listed_rotated_and_revoked(deployment: Deployed, dexec: Dexec, name: str) -> None:
    first = str(said(dexec("keys", "create", name, "--json"))["apiKey"])
    assert name in refused(dexec("keys", "create", name))
    second = str(said(dexec("keys", "rotate", name, "--json"))["apiKey"])
    assert opens(deployment, second)
    assert not opens(deployment, first)
    keys = [key for key in listed(dexec("keys", "list", "--json")) if key["client"] == name]
    assert [key["revokedAt"] is None for key in keys] == [False, True]
    shown = dexec("keys", "list").stdout
    assert name in shown
    assert first not in shown
    assert second not in shown
    assert said(dexec("keys", "revoke", name, "--json")) == {
        "client": name,
        "revoked": 1,
        "stopped": [],
        "signed": [],
        "waiting": 0,
        "submitted": 0,
        "cancelled": [],
    }
    for arguments in (("revoke", name), ("rotate", name), ("set", name, "--orders-per-minute", "5")):
        assert f"{name} has no valid key" in refused(dexec("keys", *arguments))


def test_limits_bound_what_an_order_may_name(deployment: Deployed, dexec: Dexec, name: str) -> None:
    api_key = str(said(dexec("keys", "create", name, "--max-amount", "SOL=5", "--json"))["apiKey"])
    limits = ("--orders-per-minute", "0", "--max-amount", "SOL=2", "--max-amount", "BONK=1000000")
    (key,) = listed(dexec("keys", "set", name, *limits, "--json"))
    assert key["ordersPerMinute"] == 0
    assert key["maxAmounts"] == {"SOL": "2", "BONK": "1000000"}
    with deployment.client(api_key) as client:
        fits = client.post("api/orders/execute", json={**ORDER, "amount": "2"})
        over = client.post("api/orders/execute", json={**ORDER, "amount": "2.000000001"})
        bought = client.post("api/orders/execute", json={**ORDER, "amount": "1", "mode": "exactOut"})
    assert fits.status_code == 202
    assert (over.status_code, bought.status_code) == (422, 422)
    reason = {"field": "amount", "message": "this API key allows at most 2 SOL an order"}
    assert over.json()["errors"] == [reason]
    reason["message"] = "this API key allows no order that names an amount of USDC"
    assert bought.json()["errors"] == [reason]
    ended(deployment, [fits.json()["orderId"]])
    (key,) = listed(dexec("keys", "set", name, "--default-rate", "--no-max-amount", "--json"))
    assert (key["ordersPerMinute"], key["maxAmounts"]) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "no/such name"), "a client's name is"),
        (("create", "desk", "--max-amount", "100"), "SYMBOL=AMOUNT"),
        (("create", "desk", "--max-amount", "DOGE=1"), "DOGE"),
        (("create", "desk", "--max-amount", "SOL=1e9"), "must be a plain decimal number"),
        (("set", "desk"), "name a limit to set"),
        (("set", "desk", "--default-rate", "--orders-per-minute", "5"), "cannot be combined"),
        (("set", "desk", "--no-max-amount", "--max-amount", "SOL=1"), "cannot be combined"),
    ],
)
def test_a_key_that_cannot_be(dexec: Dexec, arguments: tuple[str, ...], message: str) -> None:
    ran = dexec("keys", *arguments)
    assert ran.returncode in {1, 2}
    assert message in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.stderr


def test_while_paused_orders_wait_and_are_seen_to(deployment: Deployed, dexec: Dexec) -> None:
    client_id = deployment.new_key()
    paused = said(dexec("pause", "--json"))
    assert (paused["paused"], paused["stopped"]) == (True, [])
    try:
        order_id = deployment.place(client_id)

        def stuck() -> list[Document]:
            asked = ("--status", "stuck", "--older-than", "1", "--client", client_id, "--json")
            return listed(dexec("orders", *asked))

        wait_until(lambda: bool(stuck()), "the order is seen to be stuck")
        (found,) = stuck()
        assert (found["orderId"], found["status"], found["clientId"]) == (order_id, "pending", client_id)
        assert "execution is paused since" in str(found["reason"])
        assert "execution is paused; lift it with: dexec resume" in dexec("status").stdout
        assert said(dexec("status", "--json"))["halts"] == ["paused"]
        assert orders_of(deployment, client_id) == [(order_id, "pending")]
    finally:
        assert said(dexec("resume", "--json")) == {"paused": False, "lifted": ["paused"], "left": []}
    assert dexec("resume").stdout == "trading was not paused or halted\n"
    assert ended(deployment, [order_id])[order_id].status == "confirmed"


def test_what_waits_is_cancelled_and_a_revoked_key_keeps_the_rest_waiting(
    deployment: Deployed, dexec: Dexec, name: str
) -> None:
    api_key = str(said(dexec("keys", "create", name, "--json"))["apiKey"])
    said(dexec("pause", "--json"))
    try:
        ids = [deployment.place(api_key) for _ in range(3)]
        assert "add --yes" in " ".join(dexec("orders", "cancel", ids[0], "--json").stderr.split())
        one = said(dexec("orders", "cancel", ids[0], "--yes", "--json"))
        assert one == {"cancelled": [ids[0]], "tooLate": [], "over": []}
        again = dexec("orders", "cancel", ids[0], "--yes").stdout
        assert again == f"{ids[0]}  over already\n"
        kept = said(dexec("keys", "revoke", name, "--json"))
        assert (kept["revoked"], kept["waiting"], kept["cancelled"]) == (1, 2, [])
    finally:
        said(dexec("resume", "--json"))

    def reasons() -> set[str]:
        asked = ("--status", "stuck", "--older-than", "1", "--client", name, "--json")
        return {str(found["reason"]).split(";")[0] for found in listed(dexec("orders", *asked))}

    wait_until(lambda: reasons() == {f"{name} has no valid API key"}, "what waits says why")
    gone = said(dexec("keys", "revoke", name, "--cancel", "--json"))
    assert (gone["revoked"], gone["waiting"], sorted(gone["cancelled"])) == (0, 0, sorted(ids[1:]))  # type: ignore[arg-type, type-var]
    found = ended(deployment, ids)
    assert [found[one].error for one in ids] == ["cancelled", "key_revoked", "key_revoked"]
    assert all(found[one].paid_once and found[one].complete for one in ids)
    assert f"{name} has no valid key" in refused(dexec("keys", "revoke", name))
    assert f"{name} has no valid key" in refused(dexec("again", ids[0]))
    # What was put back, while paused or for want of a key, comes again after a minute at the latest: no
    # other test should wait for it.
    queue = stack.outputs(deployment.aws)["OrderQueueUrl"]
    # Each has its own, and one from the sweeper at the most, which may come while they wait.
    assert messages(deployment)["OrderQueueUrl"] <= 2 * len(ids)
    deployment.aws.sqs.purge_queue(QueueUrl=queue)


def test_a_failed_order_is_found_with_its_reason_and_placed_again_once(
    deployment: Deployed, dexec: Dexec
) -> None:
    client_id = deployment.new_key()
    order_id = deployment.place(client_id, amount=TOO_MUCH, clientId="big")
    assert ended(deployment, [order_id])[order_id].status == "failed"
    (found,) = listed(dexec("orders", "--status", "failed", "--client", client_id, "--json"))
    assert (found["orderId"], found["amount"]) == (order_id, "900000")
    assert found["reason"] == "Insufficient balance: needs 900000 SOL, has 10000 SOL"
    assert order_id in dexec("orders", "--status", "failed", "--client", client_id).stdout

    placed = said(dexec("resubmit", order_id, "--json"))
    assert placed["failedOrderId"] == order_id
    under_its_old_name = said(dexec("again", order_id, "--json"))
    assert under_its_old_name["orderId"] == placed["orderId"] != order_id
    ended(deployment, [str(placed["orderId"])])
    with deployment.client(client_id) as client:
        second = client.get(f"api/orders/{placed['orderId']}").json()
    assert (second["label"], second["amount"], second["status"]) == ("big", "900000", "failed")
    assert "there is no order" in refused(dexec("resubmit", "ord_0193f0c2b4d97a5e8c1f2a3b4c5d6e7f"))


def test_an_order_that_did_not_fail_is_not_placed_again(deployment: Deployed, dexec: Dexec) -> None:
    order_id = deployment.place(deployment.new_key())
    ended(deployment, [order_id])
    assert f"{order_id} is confirmed" in refused(dexec("resubmit", order_id))


@contextmanager
def undelivered(deployment: Deployed) -> Iterator[str]:
    """Keep both queues from being read while the body runs; give the dead-letter queue's URL."""
    aws = deployment.aws
    outputs = stack.outputs(aws)
    aws.functions.update_event_source_mapping(UUID=outputs["DeadLettersMapping"], Enabled=False)
    try:
        with faults.executor_stopped(aws):
            yield outputs["DeadLetterQueueUrl"]
    finally:
        aws.functions.update_event_source_mapping(UUID=outputs["DeadLettersMapping"], Enabled=True)


def test_dead_letters_are_put_back_on_the_queue(deployment: Deployed, dexec: Dexec) -> None:
    key = deployment.new_key()
    sqs = deployment.aws.sqs
    wait_for_clean_queues(deployment)
    with undelivered(deployment) as dead_letters:
        order_id = deployment.place(key)
        assert faults.delete_messages(deployment.aws, 1) == 1
        sqs.send_message(QueueUrl=dead_letters, MessageBody=json.dumps({"orderId": order_id}))
        assert said(dexec("redrive", "--all", "--json")) == {
            "letters": [{"orderId": order_id, "fate": "queued"}],
            "remaining": 0,
        }
    assert ended(deployment, [order_id])[order_id].paid_once
    assert said(dexec("redrive", "--json")) == {"letters": [], "remaining": 0}


def test_a_parked_order_is_seen_released_and_executed(deployment: Deployed, dexec: Dexec) -> None:
    key = deployment.new_key()
    with undelivered(deployment):
        order_id = deployment.place(key)
        assert faults.delete_messages(deployment.aws, 1) == 1
        park(deployment, order_id)
        (found,) = listed(dexec("orders", "--status", "parked", "--client", key, "--json"))
        assert (found["orderId"], found["status"]) == (order_id, "routing")
        assert "dexec redrive" in str(found["reason"])
        assert f"dexec redrive {order_id}" in refused(dexec("resubmit", order_id))
        answer = said(dexec("redrive", order_id, "--json"))
        assert answer["letters"] == [{"orderId": order_id, "fate": "released"}]
        assert "not parked" in refused(dexec("redrive", order_id))
    assert ended(deployment, [order_id])[order_id].paid_once


def park(deployment: Deployed, order_id: str) -> None:
    """Do to an order what the dead-letter function does to one whose runs all broke off."""
    now = datetime.now(UTC)
    with closing(Database(from_url(deployment.database_url))) as database:
        orders = PostgresOrders(database)
        claim = orders.claim(order_id, "parking", now, now + timedelta(seconds=25))
        assert claim.order is not None
        orders.end_round(claim.order, now, MAX_ROUNDS, parks=True)


def test_letters_that_need_no_redrive(deployment: Deployed, dexec: Dexec) -> None:
    order_id = deployment.place(deployment.new_key())
    ended(deployment, [order_id])
    sqs = deployment.aws.sqs
    with undelivered(deployment) as dead_letters:
        for body in (json.dumps({"orderId": order_id}), "[not an order's]"):
            sqs.send_message(QueueUrl=dead_letters, MessageBody=body)
        try:
            answer = said(dexec("redrive", "--all", "--json"))
        finally:
            sqs.purge_queue(QueueUrl=dead_letters)
    assert answer["remaining"] == 1
    assert answer["letters"] == [
        {"orderId": order_id, "fate": "over"},
        {"orderId": "[not an order's]", "fate": "unknown"},
    ]


def test_a_stack_is_reached_by_its_name(deployment: Deployed, dexec_on_aws: Dexec, name: str) -> None:
    api_key = str(said(dexec_on_aws("keys", "create", name, "--stack", stack.NAME, "--json"))["apiKey"])
    order_id = deployment.place(api_key, amount=TOO_MUCH)
    ended(deployment, [order_id])
    asked = ("--status", "failed", "--client", name, "--stack", stack.NAME, "--json")
    assert [found["orderId"] for found in listed(dexec_on_aws("orders", *asked))] == [order_id]
    placed = said(dexec_on_aws("resubmit", order_id, "--stack", stack.NAME, "--json"))
    assert ended(deployment, [str(placed["orderId"])])[str(placed["orderId"])].status == "failed"


@pytest.mark.parametrize(("arguments"), [("keys", "list"), ("pause",), ("orders", "--status", "stuck")])
def test_a_stack_that_is_not_there(dexec_on_aws: Dexec, arguments: tuple[str, ...]) -> None:
    assert "nowhere" in refused(dexec_on_aws(*arguments, "--stack", "nowhere"))


@pytest.mark.parametrize("arguments", [("keys", "list"), ("resume",), ("redrive",), ("resubmit", "ord_1")])
def test_nothing_runs_here(tmp_path_factory: pytest.TempPathFactory, arguments: tuple[str, ...]) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere")
    assert "dexec up" in refused(inprocess.run(*arguments, "--home", str(nowhere)))


def test_the_smoke_test_tries_one_of_everything(deployment: Deployed, dexec: Dexec) -> None:
    found = {str(finding["check"]): finding for finding in listed(dexec("smoke", "--json"))}
    # The emulator evaluates no alarm.
    assert found.pop("alarms")["grade"] == "note"
    assert {name: finding["grade"] for name, finding in found.items()} == dict.fromkeys(found, "ok")
    assert set(found) == {
        "schema",
        "pipeline",
        "order by HTTP",
        "order by WebSocket",
        "push over 32 KB",
        "dead letter",
    }
    keys = listed(dexec("keys", "list", "--json"))
    assert all(key["revokedAt"] for key in keys if str(key["client"]).startswith("smoke-"))


def test_the_smoke_test_goes_on_after_a_failure(deployment: Deployed, dexec: Dexec) -> None:
    assert deployment.home is not None
    dexec("pause")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("infra.operators.smoke.PATIENCE_S", 0.5)
            ran = dexec("smoke", "--json")
    finally:
        dexec("resume")
    assert ran.returncode == 1
    grades = {finding["check"]: finding["grade"] for finding in json.loads(ran.stdout)}
    assert grades["order by HTTP"] == "problem"
    assert grades["push over 32 KB"] == "ok"
    # Its orders do not go round for ever, waiting for a key.
    keys = listed(dexec("keys", "list", "--json"))
    clients = {client for key in keys if (client := str(key["client"])).startswith("smoke-")}
    statuses = {status for client in clients for _, status in orders_of(deployment, client)}
    assert "cancelled" in statuses
    assert statuses <= {"confirmed", "cancelled"}
    wait_for_clean_queues(deployment)


def test_a_client_is_limited_halted_and_trades_again(deployment: Deployed, dexec: Dexec, name: str) -> None:
    api_key = str(said(dexec("keys", "create", name, "--json"))["apiKey"])
    (limits,) = listed(dexec("risk", "set", name, "--max-notional", "1000", "--max-daily", "1500", "--json"))
    assert (limits["maxNotional"], limits["usedToday"]) == ("1000", "0")
    with deployment.client(api_key) as client:
        over = client.post("api/orders/execute", json={**ORDER, "amount": "100"})
        assert (over.status_code, over.json()["rule"]) == (422, "maxNotional")
        assert said(dexec("halt", "--client", name, "--json"))["halt"] == f"halted {name}"
        assert client.post("api/orders/execute", json=ORDER).status_code == 423
        assert [one["stop"] for one in client.get("api/risk").json()["halts"]] == ["halted"]
        assert said(dexec("resume", "--client", name, "--json"))["lifted"] == [f"halted {name}"]
        order_id = deployment.place(api_key)
        ended(deployment, [order_id])
        order, usage = client.get(f"api/orders/{order_id}").json(), client.get("api/risk").json()["usage"]
    assert order["status"] == "confirmed"
    assert usage["notional"] == order["fill"]["amountOut"]
    assert said(dexec("risk", "clear", name, "--json")) == {"client": name, "cleared": True}

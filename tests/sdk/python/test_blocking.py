"""The synchronous client: the asynchronous one's methods, waited for."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
from itertools import islice

import pytest

from dexec_client import AsyncClient, AsyncOrderHandle, Client, OrderHandle, errors
from tests.sdk.python.fake_deployment import Deployment
from tests.support.eventually import eventually


def names(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_the_two_clients_have_the_same_methods_with_the_same_parameters() -> None:
    assert names(Client) == names(AsyncClient) - {"aclose"} | {"close"}
    assert names(OrderHandle) == names(AsyncOrderHandle) | {"id", "status", "starts_at"}
    for mine, theirs in ((Client, AsyncClient), (OrderHandle, AsyncOrderHandle)):
        for name in names(mine) & names(theirs) - {"stream"}:
            method, original = getattr(mine, name), getattr(theirs, name)
            assert inspect.signature(method) == inspect.signature(original)
            assert method.__doc__ == original.__doc__


def test_an_order_from_its_placing_to_its_end(deployment: Deployment) -> None:
    with Client(deployment.url, api_key="k") as client:
        order = client.execute(token_in="SOL", token_out="USDC", amount="1.5")
        assert repr(order) == f"<OrderHandle {order.id} pending>"
        assert order.starts_at is not None
        threading.Timer(0.05, deployment.advance, (order.id,)).start()
        assert [event.seq for event in order.events()] == [1, 2, 3, 4, 5, 6]
        assert order.status == "confirmed"
        assert order.done(timeout=5).raise_for_failure().fill is not None
        assert [found.order_id for found in client.orders()] == [order.id]
        assert client.handle(order.id).refresh().status == "confirmed"
        assert client.order(order.id).terminal


def test_errors_and_time_outs_pass_through(deployment: Deployment) -> None:
    with Client(deployment.url, api_key="k") as client:
        with pytest.raises(errors.NotFound):
            client.order("ord_none")
        order = client.execute(token_in="SOL", token_out="USDC", amount="1")
        with pytest.raises(errors.NotDone):
            order.done(timeout=0.1)


def test_an_iterator_that_is_left_early_is_closed(deployment: Deployment) -> None:
    order_id = deployment.add(reached=3)
    with Client(deployment.url, api_key="k") as client:
        for event in client.handle(order_id).events():
            assert event.seq == 1
            break
        eventually(lambda: deployment.frames[-1]["action"] == "unsubscribe")


def test_the_stream_opens_as_a_context_manager(deployment: Deployment) -> None:
    order_id = deployment.add(reached=1)
    with Client(deployment.url, api_key="k") as client, client.stream() as events:
        deployment.advance(order_id, 3)
        assert [event.seq for event in islice(events, 3)] == [1, 2, 3]


def test_a_loop_over_a_stream_ends_where_it_is_closed(deployment: Deployment) -> None:
    order_id = deployment.add(reached=1)
    with Client(deployment.url, api_key="k") as client, client.stream() as events:
        deployment.advance(order_id, 3)
        seen = []
        for event in events:
            seen.append(event.seq)
            events.close()
    assert seen == [1]


def test_threads_share_a_client(deployment: Deployment) -> None:
    order_ids = [deployment.add() for _ in range(8)]
    seen: dict[str, list[int]] = {}
    with Client(deployment.url, api_key="k") as client:

        def follow(order_id: str) -> None:
            seen[order_id] = [event.seq for event in client.handle(order_id).events()]

        threads = [threading.Thread(target=follow, args=(order_id,)) for order_id in order_ids]
        for thread in threads:
            thread.start()
        for order_id in order_ids:
            deployment.advance(order_id)
        for thread in threads:
            thread.join(10)
    assert seen == {order_id: [1, 2, 3, 4, 5, 6] for order_id in order_ids}
    assert deployment.connections == 1


def test_it_closes_cleanly_and_is_closed_then(deployment: Deployment) -> None:
    before = threading.active_count()
    client = Client(deployment.url, api_key="k")
    events = client.handle(deployment.add(reached=2)).events()
    next(events)
    client.close()
    client.close()
    events.close()
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="the client is closed"):
        client.balances()


LEFT_OPEN = """
import gc, sys
from dexec_client import Client
client = Client(sys.argv[1], api_key="k")
events = client.handle(sys.argv[2]).events()
print(next(events).seq)
{more}
"""


@pytest.mark.parametrize(
    "more", ["", "cycle = [events]; cycle.append(cycle); del events, cycle; gc.collect()"]
)
def test_a_program_that_closes_nothing_ends(deployment: Deployment, more: str) -> None:
    program = [sys.executable, "-W", "error", "-c", LEFT_OPEN.format(more=more)]
    order_id = deployment.add(reached=2)
    ran = subprocess.run(
        [*program, deployment.url, order_id], capture_output=True, text=True, timeout=20, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1\n", "")


def test_what_waits_in_another_thread_ends_with_the_client(deployment: Deployment) -> None:
    client = Client(deployment.url, api_key="k")
    order = client.handle(deployment.add(reached=2))
    raised: list[RuntimeError] = []

    def wait() -> None:
        try:
            order.done()
        except RuntimeError as exc:
            raised.append(exc)

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: any(frame["action"] == "subscribe" for frame in deployment.frames))
    client.close()
    thread.join(10)
    assert [str(error) for error in raised] == ["the client is closed"]


def test_an_interrupt_cancels_what_was_waited_for(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = deployment.add(reached=2)
    with Client(deployment.url, api_key="k") as client:
        order = client.handle(order_id)

        def interrupted(*_: object) -> None:
            eventually(lambda: any(frame["action"] == "subscribe" for frame in deployment.frames))
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("concurrent.futures.Future.result", interrupted)
            with pytest.raises(KeyboardInterrupt):
                order.done()
        eventually(lambda: deployment.frames[-1]["action"] == "unsubscribe")
        assert client.order(order_id).seq == 2

"""A client as a stranger writes it, who has an address, a key, and the documents that are served there.

Paths, header names, bodies, frames and their kinds are taken from the two documents, never written down here.
Prints what it saw, as JSON.
"""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

Json = Any
TERMINAL = ("confirmed", "failed", "cancelled", "expired")


class Stranger:
    """Knows a deployment by its documents."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self.http = httpx.Client(trust_env=False, timeout=15)
        self.api = self.http.get(f"{base_url}/openapi.json").json()
        self.frames = self.http.get(f"{base_url}/asyncapi.json").json()
        (scheme,) = self.api["components"]["securitySchemes"].values()
        assert (scheme["type"], scheme["in"]) == ("apiKey", "header")
        self.key = {scheme["name"]: api_key}
        (socket,) = self.frames["components"]["securitySchemes"].values()
        self.socket_key = {socket["name"]: api_key}

    def call(self, operation_id: str, *, body: Json = None, **values: str) -> httpx.Response:
        """Make the call with that id; ``values`` fill its path, then its query, then its headers."""
        path, method, operation = next(
            (path, method, operation)
            for path, methods in self.api["paths"].items()
            for method, operation in methods.items()
            if operation["operationId"] == operation_id
        )
        places: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in values:
                places[parameter["in"]][parameter["name"]] = values[parameter["name"]]
        url = self.base_url + path.format(**places["path"])
        headers = places["header"] | (self.key if operation["security"] else {})
        answer = self.http.request(method, url, params=places["query"], headers=headers, json=body)
        assert str(answer.status_code) in operation["responses"], answer.text
        return answer

    def bodies(self) -> dict[str, Json]:
        """Return the example of each spelling and each type of an order."""
        content = self.api["paths"]["/api/orders/execute"]["post"]["requestBody"]["content"]
        return {name: one["value"] for name, one in content["application/json"]["examples"].items()}

    def watch(self, url: str) -> list[Json]:
        """Return all events of an order, from the address that its answer named, until the last."""
        events: list[Json] = []
        with connect(url, additional_headers=self.socket_key, proxy=None) as socket:
            while not events or events[-1]["status"] not in TERMINAL:
                frame = json.loads(socket.recv(timeout=30))
                if frame["type"] == "status":
                    seen = {event["seq"] for event in events}
                    told = [*frame.get("earlier", ()), frame]
                    events += [event for event in told if event["seq"] not in seen]
        return events

    def lacking(self, event: Json) -> list[str]:
        """Return the fields that an event of its status has to have, and this one has not."""
        schemas = self.api["components"]["schemas"]
        mapping = schemas["OrderEvent"]["discriminator"]["mapping"]
        schema = schemas[mapping[event["status"]].rsplit("/", 1)[-1]]
        return [name for name in schema["required"] if name not in event]


def main(base_url: str, api_key: str) -> None:
    """Place each example of an order, cancel what waits, watch its events, then make every mistake once."""
    stranger = Stranger(base_url, api_key)
    said: dict[str, Json] = {"orders": {}}
    for name, body in stranger.bodies().items():
        key = str(uuid.uuid4())
        named = body | {"clientOrderId": name}
        accepted = stranger.call("execute", body=named, **{"idempotency-key": key}).json()
        again = stranger.call("execute", body=named, **{"idempotency-key": key}).json()
        if accepted["status"] == "open":
            stranger.call("cancelOrder", order_id=accepted["orderId"])
        events = stranger.watch(accepted["websocketUrl"])
        order = stranger.call("readOrder", order_id=accepted["orderId"]).json()
        said["orders"][name] = {
            "repeated": again["orderId"] == accepted["orderId"],
            "statuses": [event["status"] for event in events],
            "lacking": [name for event in events for name in stranger.lacking(event)],
            "same": [event["seq"] for event in order["events"]] == [event["seq"] for event in events],
            "clientOrderId": order["clientOrderId"],
        }
    problem = stranger.call("execute", body={"tokenIn": "SOL", "tokenOut": "DOGE", "amount": "1"}).json()
    said["problem"] = [problem["code"], problem["errors"][0]["field"]]
    said["page"] = stranger.http.get(problem["type"]).status_code
    said["nowhere"] = stranger.http.get(f"{base_url}/api/order").json()["code"]
    config = stranger.call("readConfig").json()
    wrong = f"{config['websocketUrl']}?{urlencode({'orderId': 'ord_' + '0' * 32, 'apiKey': api_key})}"
    with connect(wrong, proxy=None) as socket:
        said["wrongOrder"] = json.loads(socket.recv(timeout=30))["code"]
    try:
        connect(config["websocketUrl"], additional_headers={"x-api-key": "wrong"}, proxy=None)
    except InvalidStatus as refused:
        said["wrongKey"] = refused.response.status_code
    codes = stranger.api["components"]["schemas"]["ErrorCode"]["enum"]
    pages = {code: stranger.http.get(f"{base_url}/errors/{code}").status_code for code in codes}
    said["codesWithoutPage"] = [code for code, status in pages.items() if status != 200]
    print(json.dumps(said))


main(*sys.argv[1:])

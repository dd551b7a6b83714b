"""The generated documents: true to the code, valid by their own specifications, complete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from os.path import normpath
from pathlib import Path
from typing import cast

import jsonschema_rs
import pytest
import yaml
from markupsafe import escape
from openapi_spec_validator import validate

from dexec.api import inputs, problems
from dexec.api.order_body import OrderBody
from dexec.domain.error_code import ErrorCode
from dexec.domain.errors import (
    ConnectionUnknown,
    DexecError,
    Ending,
    Invalid,
    Rejected,
    TooManyOrders,
    TooManyReads,
)
from dexec.domain.lifecycle import Status
from dexec.domain.waiting.terms import OrderType
from infra.json_types import Json, Node
from infra.local import template
from infra.local.home import PROJECT
from infra.release.documents import asyncapi, errors, examples, files, openapi, order_types, spellings
from infra.release.documents.components import REF, strict

PAGES = {
    "GET /",
    "GET /docs",
    "GET /openapi.json",
    "GET /asyncapi.json",
    "GET /errors",
    "GET /errors/{code}",
    "GET /console/{version}/{file}",
    "$default",
}


ELSEWHERE = (ConnectionUnknown, problems.MethodNotAllowed)
"""Errors that no operation answers: that of a frame, and that of a method which is no operation."""


MAX_PAGE_BYTES = 170_000


@pytest.fixture(scope="module")
def http() -> Node:
    return openapi.document()


@pytest.fixture(scope="module")
def websocket() -> Node:
    return asyncapi.document()


def node(value: Json) -> Node:
    return cast(Node, value)


def references(value: Json) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield str(value["$ref"])
        for item in value.values():
            yield from references(item)


def test_a_generated_file_is_what_the_code_says() -> None:
    texts = files.documents()
    assert len(texts) > len(ErrorCode)
    stale = [path.name for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run: make docs"


def test_openapi_is_valid(http: Node) -> None:
    validate(http)


def test_openapi_describes_every_route_but_the_pages(http: Node) -> None:
    described = {
        f"{method.upper()} {re.sub(r'{.*?}', '{}', path)}"
        for path, methods in node(http["paths"]).items()
        for method in node(methods)
    }
    deployed = set(template.routes(template.load(PROJECT / "template.yaml"))) - PAGES
    assert described == {re.sub(r"{.*?}", "{}", route) for route in deployed}


def test_openapi_names_every_status_that_an_error_has(http: Node) -> None:
    told = {
        status
        for path in node(http["paths"]).values()
        for method in node(path).values()
        for status in answers(method)
    }
    assert subclasses(Rejected) - problems.STATUS.keys() == {TooManyOrders, TooManyReads}, "as TooMany"
    statuses = {status for kind, status in problems.STATUS.items() if kind not in ELSEWHERE}
    assert statuses == problems.MEANINGS.keys()
    assert {str(status) for status in statuses} <= told


def answers(method: Json) -> list[str]:
    return list(node(node(method)["responses"]))


def test_the_page_about_http_lists_every_status_of_a_refusal() -> None:
    page = (PROJECT / "docs" / "http-api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{3}(?:, \d{3})*) \|", page, re.MULTILINE)
    assert set(problems.MEANINGS) <= {int(status) for row in rows for status in row.split(", ")}


def test_openapi_asks_for_an_idempotency_key(http: Node) -> None:
    operation = node(node(node(http["paths"])["/api/orders/execute"])["post"])
    assert str(operation["description"]).startswith("Always send an `Idempotency-Key`")
    (header,) = cast("list[Node]", operation["parameters"])
    assert header["name"] == "idempotency-key"
    assert "same order" in str(header["description"])


def subclasses(kind: type[DexecError]) -> set[type[DexecError]]:
    return {kind, *(deeper for child in kind.__subclasses__() for deeper in subclasses(child))}


def test_asyncapi_describes_every_frame_that_is_understood(websocket: Node) -> None:
    assert set(inputs.FRAMES) | {"order"} == set(asyncapi.RECEIVED) == set(asyncapi.REPLIES)
    messages = node(node(websocket["components"])["messages"])
    assert set(messages) == {*asyncapi.RECEIVED, *asyncapi.SENT}


@pytest.mark.parametrize("document", [openapi.document, asyncapi.document])
def test_every_reference_leads_somewhere(document: Callable[[], Node]) -> None:
    whole = document()
    for reference in references(whole):
        place: Json = whole
        for name in reference.removeprefix("#/").split("/"):
            place = node(place)[name]


def test_asyncapi_schemas_are_json_schemas(websocket: Node) -> None:
    for schema in node(node(websocket["components"])["schemas"]).values():
        jsonschema_rs.meta.validate(node(schema))


def test_asyncapi_file_reads_as_it_was_written(websocket: Node) -> None:
    assert yaml.safe_load((files.DOCS / "asyncapi.yaml").read_text()) == json.loads(json.dumps(websocket))


def test_a_closed_schema_refuses_a_field_that_it_does_not_name() -> None:
    schema = strict({"type": "object", "properties": {"a": {"type": "object", "properties": {}}}})
    validator = jsonschema_rs.Draft202012Validator(node(schema))
    assert validator.is_valid({"a": {}})
    assert not validator.is_valid({"a": {}, "b": 1})
    assert not validator.is_valid({"a": {"b": 1}})


@pytest.mark.parametrize("page", sorted(files.STATIC.rglob("*.html")), ids=lambda page: page.name)
def test_a_page_needs_no_script_and_has_no_dead_link(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"<script|<style|style=|\son\w+=", text)
    served = {"", ".", "docs", "errors", "openapi.json", "asyncapi.json"}
    served |= {f"errors/{code}" for code in ErrorCode} | {"console/docs.css", "console/icon.svg"}
    here = "errors/" if page.parent.name == "errors" else ""
    for link in re.findall(r'href="([^"#]*)[^"]*"', text):
        assert normpath(f"{here}{link}") in served | {"."}, link


def test_the_reference_leads_to_every_type_and_is_small() -> None:
    page = (files.STATIC / "docs.html").read_text()
    assert len(page.encode()) < MAX_PAGE_BYTES
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    assert {name.removeprefix(REF) for name in references(openapi.document())} <= {
        place.removeprefix("type-") for place in ids
    }


def test_every_row_of_the_threat_model_names_tests_that_exist() -> None:
    model = (PROJECT / "SECURITY.md").read_text().partition("## Threat model")[2].partition("\n## ")[0]
    rows = [line for line in model.splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+)`", row)
        assert named, row
        assert all((PROJECT / name).exists() for name in named), row


def test_every_error_code_is_explained_by_an_error_of_that_code() -> None:
    assert set(errors.ABOUT) == set(ErrorCode)
    raised = {kind.code for kind in subclasses(DexecError)}
    answered = {code for code, about in errors.ABOUT.items() if about.sample is None}
    assert raised | answered == set(ErrorCode)
    for code, about in errors.ABOUT.items():
        assert about.sample is None or problems.code_of(about.sample) == code
        assert about.is_of_orders == isinstance(about.sample, Ending)
        shown = json.loads(errors.example(code))
        assert code in (shown.get("code"), node(shown.get("error") or {}).get("code"))


def test_every_error_class_has_a_code_of_the_closed_set() -> None:
    for kind in subclasses(DexecError):
        assert isinstance(kind.code, ErrorCode), kind


def test_events_and_status_frames_are_told_apart_by_their_status(http: Node, websocket: Node) -> None:
    schemas = node(node(http["components"])["schemas"])
    mapping = node(node(node(schemas["OrderEvent"])["discriminator"])["mapping"])
    assert set(mapping) == set(Status)
    for status, reference in mapping.items():
        event = node(schemas[str(reference).removeprefix(REF)])
        assert node(node(event["properties"])["status"])["const"] == status
    frames = node(node(websocket["components"])["schemas"])
    assert node(frames["StatusFrame"])["discriminator"] == "status"
    assert len(cast("list[Json]", node(frames["StatusFrame"])["oneOf"])) == len(Status)


def test_the_three_spellings_are_what_the_model_reads(http: Node) -> None:
    """Hold ``oneOf`` against the model, over bodies with any of the fields that name tokens."""
    schemas = node(node(http["components"])["schemas"])
    body = {**node(schemas[spellings.BODY]), "components": {"schemas": schemas}}
    validator = jsonschema_rs.Draft202012Validator(body)
    values: dict[str, Json] = {
        "tokenIn": "SOL", "tokenOut": "USDC", "inputToken": "SOL", "outputToken": "USDC",
        "side": "buy", "baseAsset": "SOL", "quoteAsset": "USDC", "mode": "exactIn",
    }  # fmt: skip
    read = refused = 0
    for chosen in range(2 ** len(values)):
        given = [name for place, name in enumerate(values) if chosen >> place & 1]
        order: Node = {"amount": "1.5", **{name: values[name] for name in given}}
        try:
            OrderBody.model_validate(order).to_request(50)
            is_read = True
        except Invalid:
            is_read = False
        assert validator.is_valid(order) == is_read, order
        read, refused = read + is_read, refused + (not is_read)
    assert (read, refused) == (5, 251)


@pytest.mark.parametrize("kind", order_types.TYPES, ids=lambda one: one.order_type)
def test_the_types_are_what_the_model_reads(http: Node, kind: order_types.Type) -> None:
    """Hold ``oneOf`` against the model, over orders of a type with any of the fields of all types."""
    schemas = node(node(http["components"])["schemas"])
    body = {**node(schemas[spellings.BODY]), "components": {"schemas": schemas}}
    validator = jsonschema_rs.Draft202012Validator(body)
    values: dict[str, Json] = {
        "limitPrice": "160", "triggerPrice": 140, "trailingBps": 200, "activationPrice": "165",
        "confirmTicks": 3, "triggerPriceType": "mid", "timeInForce": "ioc",
        "takeProfit": {"limitPrice": 1}, "stopLoss": {"trailingBps": 9, "activationPrice": 2},
    }  # fmt: skip
    read = 0
    for chosen in range(2 ** len(values)):
        given = [name for place, name in enumerate(values) if chosen >> place & 1]
        order: Node = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "orderType": kind.order_type}
        order |= {name: values[name] for name in given}
        try:
            model = OrderBody.model_validate(order)
            model.to_terms()
            model.to_exits()
            is_read = True
        except Invalid:
            is_read = False
        assert validator.is_valid(order) == is_read, order
        read += is_read
    assert read == 2 ** len(kind.optional)


@pytest.mark.parametrize(("kind", "spelling"), spellings.KINDS, ids=lambda one: one.name)
def test_the_example_of_each_type_and_spelling_is_an_order(
    http: Node, kind: order_types.Type, spelling: spellings.Spelling
) -> None:
    schemas = node(node(http["components"])["schemas"])
    (example,) = cast("list[Json]", node(schemas[f"{kind.name}{spelling.name}"])["examples"])
    order = OrderBody.model_validate(example)
    assert order.to_request(50).amount
    assert order.order_type == kind.order_type
    assert (order.to_terms() is None) == (kind.order_type == "market")


@pytest.mark.parametrize(
    ("stop_loss", "is_valid"),
    [
        ({"triggerPrice": 140}, True),
        ({"triggerPrice": 140, "limitPrice": 138, "confirmTicks": 1, "triggerPriceType": "mid"}, True),
        ({"trailingBps": 140}, True),
        ({"trailingBps": 140, "triggerPrice": 3}, False),
        ({"triggerPrice": 140, "activationPrice": 3}, False),
        ({}, False),
    ],
)
def test_a_stop_loss_is_at_a_price_or_trails(http: Node, stop_loss: Node, *, is_valid: bool) -> None:
    schemas = node(node(http["components"])["schemas"])
    body = {**node(schemas[spellings.BODY]), "components": {"schemas": schemas}}
    order: Node = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": 1, "stopLoss": stop_loss}
    assert jsonschema_rs.Draft202012Validator(body).is_valid(order) == is_valid
    if is_valid:
        assert OrderBody.model_validate(order).to_exits()
    else:
        with pytest.raises(Invalid):
            OrderBody.model_validate(order).to_exits()


def test_the_bodies_of_the_page_about_waiting_orders_are_read() -> None:
    page = (files.DOCS / "waiting-orders.md").read_text()
    bodies = [OrderBody.model_validate(json.loads(text)) for text in re.findall(r"-d '(\{.*?\})'", page)]
    assert {body.order_type for body in bodies} == set(OrderType)
    for body in bodies:
        assert body.to_request(50).amount
        assert (body.to_terms() is None) == (body.to_exits() is not None), "the market order has exits"


def test_the_main_calls_have_examples_in_every_language(http: Node) -> None:
    found = examples.examples()
    paths = [node(path) for path in node(http["paths"]).values()]
    operations = {node(one)["operationId"] for path in paths for one in path.values()}
    assert set(found) - {"watch"} <= operations
    assert {"execute", "watch", "readOrder", "readHistory", "readQuotes", "readBalances"} <= set(found)
    page = (files.STATIC / "docs.html").read_text()
    for texts in found.values():
        assert list(texts) in ([program, *examples.LANGUAGES.values()] for program in ("curl", "wscat"))
        assert all(str(escape(text)) in page for text in texts.values())
    for text in (texts["Python"] for texts in found.values()):
        compile(text, "example", "exec")

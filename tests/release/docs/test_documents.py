"""The generated documents: true to the code, valid by their own specifications, complete."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import validate

from dexec.api import inputs, problems
from dexec.domain.errors import ConnectionUnknown, Rejected, TooManyOrders, TooManyReads
from infra.json_types import Json, Node
from infra.local import template
from infra.local.home import PROJECT
from infra.release.documents import asyncapi, files, openapi
from infra.release.documents.components import REF, strict

PAGES = {"GET /", "GET /docs", "GET /openapi.json", "GET /console/{file}"}


ELSEWHERE = (ConnectionUnknown, problems.MethodNotAllowed)
"""Errors that no operation answers: that of a frame, and that of a method which is no operation."""


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


@pytest.mark.parametrize("path", files.documents(), ids=lambda path: path.name)
def test_a_generated_file_is_what_the_code_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == files.documents()[path], "run: make docs"


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


def test_openapi_asks_for_an_idempotency_key(http: Node) -> None:
    operation = node(node(node(http["paths"])["/api/orders/execute"])["post"])
    assert str(operation["description"]).startswith("Always send an `Idempotency-Key`")
    (header,) = cast("list[Node]", operation["parameters"])
    assert header["name"] == "idempotency-key"
    assert "same order" in str(header["description"])


def subclasses(kind: type[Rejected]) -> set[type[Rejected]]:
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


def test_reference_page_needs_no_script_and_has_no_dead_link() -> None:
    page = (files.STATIC / "docs.html").read_text()
    assert not re.search(r"<script|<style|style=|\son\w+=", page)
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

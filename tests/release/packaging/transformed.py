"""template.yaml as CloudFormation sees it: after the SAM transform, with no AWS account."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import cast

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

from infra.json_types import Json, Node
from infra.local import template
from infra.local.home import PROJECT

_POLICIES = {
    "AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
"""The policies of AWS that SAM attaches by name."""


@cache
def transformed() -> Node:
    """Return the template after the transform; it is shared, so leave it as it is."""
    source = template.load(PROJECT / "template.yaml")
    for properties, location in template.code_properties(source).values():
        properties[location] = "s3://bucket/key"
    translator = Translator(_POLICIES, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    return cast(Node, translator.translate(source, parameter_values={}))


def section(name: str) -> dict[str, Node]:
    """Return a section of the template, for example its Resources."""
    return cast("dict[str, Node]", transformed()[name])


def of_type(kind: str) -> dict[str, Node]:
    """Return the properties of all resources of a type, by logical id."""
    found = {name: node for name, node in section("Resources").items() if node["Type"] == kind}
    return {name: cast(Node, node.get("Properties", {})) for name, node in found.items()}


def walk(json: Json, *path: str) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Yield everything below a node with the path that leads there."""
    yield path, json
    if isinstance(json, dict):
        for name, child in json.items():
            yield from walk(child, *path, name)
    if isinstance(json, list):
        for number, child in enumerate(json):
            yield from walk(child, *path, str(number))


def listed(json: Json) -> list[Json]:
    """Return a value that CloudFormation lets stand alone, or in a list, as a list."""
    if json is None:
        return []
    return json if isinstance(json, list) else [json]


def referred(json: Json) -> set[str]:
    """Return the logical ids that a node refers to through ``Ref`` and ``Fn::GetAtt``."""
    names = set()
    for path, value in walk(json):
        if path[-1:] == ("Ref",):
            names.add(str(value))
        if path[-2:] == ("Fn::GetAtt", "0"):
            names.add(str(value))
    return names

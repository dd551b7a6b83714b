"""JSON schemas of Python types, as the components of an OpenAPI or AsyncAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Literal,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import typing_extensions
from pydantic import TypeAdapter
from typing_extensions import TypeAliasType

from infra.json_types import Json, Node

REF = "#/components/schemas/"


def schemas(types: Mapping[str, object], direction: Literal["validation", "serialization"]) -> Node:
    """Return the schemas of ``types`` and of all they refer to, by name.

    ``validation`` is the form of what is read, ``serialization`` of what is written.
    """
    adapters = [(name, direction, TypeAdapter[object](_readable(kind))) for name, kind in types.items()]
    placed, shared = TypeAdapter.json_schemas(adapters, ref_template=f"{REF}{{model}}")
    found = dict(cast("dict[str, Node]", shared.get("$defs", {})))
    for (name, _), schema in placed.items():
        if schema != {"$ref": f"{REF}{name}"}:
            found[name] = cast(Node, schema)
    return {name: _tidy(found[name]) for name in sorted(found)}


def strict(schema: Json) -> Json:
    """Return ``schema`` with every object closed: a field that it does not name is an error.

    The published documents leave objects open, so that a new field breaks no client; tests close them.
    """
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(value) for name, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and "type" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


def refs(schema: Json) -> Iterator[str]:
    """Yield the names of the components that ``schema`` refers to."""
    if isinstance(schema, list):
        for item in schema:
            yield from refs(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield str(schema["$ref"]).removeprefix(REF)
        for value in schema.values():
            yield from refs(value)


def needed(components: Mapping[str, Json], roots: Sequence[Json]) -> Node:
    """Return those components that ``roots`` refer to, directly or not."""
    found: Node = {}
    waiting = [name for root in roots for name in refs(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = components[name]
            waiting += refs(components[name])
    return dict(sorted(found.items()))


@cache
def _readable(kind: object) -> object:
    """Return ``kind`` with every TypedDict in it as one that pydantic reads on all Python versions."""
    if isinstance(kind, TypeAliasType):
        return TypeAliasType(kind.__name__, _readable(kind.__value__))
    if is_typeddict(kind):
        return _readable_dict(cast(type, kind))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[(_readable(arguments[0]), *arguments[1:])]
    if origin is None or origin is Literal:
        return kind
    readable = tuple(_readable(argument) for argument in arguments)
    if origin is UnionType:
        return Union[readable]  # noqa: UP007
    return origin[readable if len(readable) > 1 else readable[0]]


def _readable_dict(kind: type) -> object:
    hints = get_type_hints(kind, include_extras=True)
    made = typing_extensions.TypedDict(  # type: ignore[misc]
        kind.__name__.removesuffix("Details"), {name: _readable(hint) for name, hint in hints.items()}
    )
    made.__doc__ = kind.__doc__
    return made


def _tidy(schema: Json) -> Json:
    """Leave out the titles that pydantic makes of field names; write code as Markdown does."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if isinstance(schema, str):
        return schema.replace("``", "`")
    if not isinstance(schema, dict):
        return schema
    return {
        name: _properties(value) if name == "properties" else _tidy(value)
        for name, value in schema.items()
        if name != "title" or not isinstance(value, str)
    }


def _properties(properties: Json) -> Json:
    """A property may itself be called title."""
    return {name: _tidy(value) for name, value in cast(Node, properties).items()}

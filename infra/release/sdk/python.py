"""The models of the Python client, generated from the OpenAPI document by datamodel-code-generator.

A client that was installed last year has to read what a deployment answers next year. So the models are
made of a document that says less than the published one: bounds and patterns are the deployment's own
business, an enumeration is open, and of the variants of an answer there is one model that has the fields
of all.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from infra.json_types import Json, Node
from infra.local.home import PROJECT
from infra.release.documents import openapi
from infra.release.documents.components import REF, needed

MODELS = PROJECT / "sdk" / "python" / "src" / "dexec_client" / "models.py"
_HEAD = '"""What a deployment answers, as models. Generated from its OpenAPI document: ``make sdk``."""\n'
_OPTIONS = (
    "--input-file-type=openapi",
    "--output-model-type=pydantic_v2.BaseModel",
    "--base-class=dexec_client.base.Model",
    "--target-python-version=3.11",
    "--formatters=builtin",
    # The base makes the aliases.
    "--snake-case-field",
    "--no-alias",
    "--use-annotated",
    "--use-standard-collections",
    "--use-union-operator",
    "--use-schema-description",
    "--use-field-description",
    "--use-type-alias",
    "--enum-field-as-literal=all",
    "--disable-timestamp",
    "--disable-warnings",
)
_DESCRIPTION = re.compile(r'"""\n *(.+)\n *"""')
_CHECKS = frozenset({"pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"})
_DROPPED = _CHECKS | {"examples", "default", "discriminator"}


def module(document: Mapping[str, Json] | None = None) -> str:
    """Return the module's text; ``document`` is the product's OpenAPI document unless one is given."""
    source = lenient(dict(document or openapi.document()))
    with tempfile.TemporaryDirectory() as directory:
        given, made = Path(directory) / "openapi.json", Path(directory) / "models.py"
        given.write_text(json.dumps(source), encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "datamodel_code_generator", *_OPTIONS, "--input", given, "--output", made],
            check=True,
            cwd=directory,
        )
        lines = made.read_text(encoding="utf-8").splitlines(keepends=True)
    body = "".join(lines[next(n for n, line in enumerate(lines) if not line.startswith("#")) :])
    return _formatted(_HEAD + _DESCRIPTION.sub(r'"""\1"""', body))


def lenient(document: Node) -> Node:
    """Return the answers of a document, as a client reads them that is older than the deployment."""
    components = cast(Node, cast(Node, document["components"])["schemas"])
    answers = [
        response
        for path in cast(Node, document["paths"]).values()
        for operation in cast(Node, path).values()
        for response in cast(Node, cast(Node, operation)["responses"]).values()
    ]
    schemas = {name: _open(schema, components) for name, schema in needed(components, answers).items()}
    return {
        "openapi": document["openapi"],
        "info": {"title": "dexec", "version": "1"},
        "paths": {},
        # What variants were made of is named no more.
        "components": {"schemas": needed(schemas, answers)},
    }


def _open(schema: Json, components: Node) -> Json:
    if isinstance(schema, list):
        return [_open(item, components) for item in schema]
    if not isinstance(schema, dict):
        return schema
    variants = [
        cast(Node, components[str(one["$ref"]).removeprefix(REF)])
        for one in cast("list[Json]", schema.get("oneOf", []))
        if isinstance(one, dict) and "$ref" in one
    ]
    if variants and all("properties" in one for one in variants):
        return _open(_merged(schema, variants), components)
    opened: Node = {
        name: {key: _open(value, components) for key, value in cast(Node, part).items()}
        if name == "properties"
        else _open(part, components)
        for name, part in schema.items()
        if name == "properties" or name not in _DROPPED
    }
    if "const" in opened:
        opened["enum"] = [opened.pop("const")]
    if "required" in opened and "properties" in opened:
        # What may be null may one day be left out.
        properties = cast(Node, opened["properties"])
        required = cast("list[str]", opened["required"])
        opened["required"] = [name for name in required if not _nullable(cast(Node, properties[name]))]
    if "enum" in opened:
        return {"anyOf": [{"enum": opened.pop("enum"), "type": "string"}, {"type": "string"}], **opened}
    return opened


def _nullable(schema: Node) -> bool:
    return {"type": "null"} in cast("list[Json]", schema.get("anyOf", []))


def _merged(schema: Node, variants: list[Node]) -> Node:
    """Return one object with the fields of all variants; required is what all of them require."""
    properties: Node = {}
    for variant in variants:
        for name, part in cast(Node, variant["properties"]).items():
            known = cast(Node, properties.setdefault(name, part))
            if known != part and {"const", "enum"} & {*known, *cast(Node, part)}:
                properties[name] = {"type": "string"}
    required = set.intersection(*(set(cast("list[str]", one.get("required", []))) for one in variants))
    kept = {name: part for name, part in schema.items() if name != "oneOf"}
    return {**kept, "type": "object", "properties": properties, "required": cast(Json, sorted(required))}


def _formatted(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    common = ["--config", str(PROJECT / "pyproject.toml"), "--stdin-filename", str(MODELS), "-"]
    rules = ["--select", "D2,I,UP,F401", "--ignore", "D203,D213"]
    for command in (["check", "--fix-only", *rules], ["format"]):
        done = subprocess.run(
            [*ruff, *command, "--quiet", *common], input=text, capture_output=True, text=True, check=True
        )
        text = done.stdout
    return text

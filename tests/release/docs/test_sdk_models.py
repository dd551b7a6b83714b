"""The clients' models: current, and of a form that outlives the deployment they were made for."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

import dexec_client
from dexec import __version__
from dexec_client import models
from dexec_client.base import Model
from infra.json_types import Node
from infra.local.home import PROJECT
from infra.release.documents import openapi
from infra.release.sdk import python

VARIANTS: Node = {
    "Health": {
        "oneOf": [{"$ref": "#/components/schemas/Begun"}, {"$ref": "#/components/schemas/Ended"}],
        "discriminator": {"propertyName": "status"},
    },
    "Begun": {
        "type": "object",
        "properties": {"status": {"const": "begun"}, "amount": {"type": "string", "format": "decimal"}},
        "required": ["status", "amount"],
    },
    "Ended": {
        "type": "object",
        "properties": {"status": {"const": "ended"}, "at": {"type": "string", "format": "date-time"}},
        "required": ["status", "at"],
    },
}


def test_the_models_of_the_python_client_are_current() -> None:
    assert python.MODELS.read_text(encoding="utf-8") == python.module(), "run: make sdk"


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Return the models of a document that has an answer in variants, told apart by their status."""
    document = json.loads(json.dumps(openapi.document()))
    document["components"]["schemas"] |= VARIANTS
    path = tmp_path_factory.mktemp("models") / "varied_models.py"
    path.write_text(python.module(document), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("varied_models", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["varied_models"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_variants_become_one_model_that_takes_a_variant_of_tomorrow(varied: ModuleType) -> None:
    begun = varied.Health.model_validate({"status": "begun", "amount": "0.10"})
    assert (begun.status, begun.amount, begun.at) == ("begun", Decimal("0.10"), None)
    assert varied.Health.model_validate({"status": "paused", "since": 1}).model_extra == {"since": 1}
    assert not hasattr(varied, "Begun")


def test_a_status_and_a_field_of_tomorrow_are_read() -> None:
    route = {
        "orderId": "o",
        "status": "planned",
        "startsAt": "2026-11-20T11:24:09.506Z",
        "websocketUrl": "ws://x",
    }
    accepted = models.OrderAccepted.model_validate({**route, "planId": "plan_2"})
    assert (accepted.status, accepted.model_extra) == ("planned", {"planId": "plan_2"})


def test_money_is_decimal_everywhere() -> None:
    """Whatever the published document calls a decimal, and nothing that it calls a plain text."""
    schemas = cast(Node, cast(Node, openapi.document()["components"])["schemas"])
    amounts = {
        (name, field)
        for name, schema in schemas.items()
        for field, part in cast(Node, cast(Node, schema).get("properties", {})).items()
        if hasattr(models, name) and '"format": "decimal"' in json.dumps(part)
    }
    assert len(amounts) >= 40
    for name, field in amounts:
        kind = getattr(models, name)
        alias = {info.alias: info.annotation for info in kind.model_fields.values()}
        assert "Decimal" in str(alias[field]), f"{name}.{field}"
    kinds = [kind for kind in vars(models).values() if isinstance(kind, type) and issubclass(kind, Model)]
    floats = [
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, info in kind.model_fields.items()
        if "float" in str(info.annotation)
    ]
    assert floats == []


def test_the_versions_are_one() -> None:
    about = tomllib.loads((PROJECT / "sdk" / "python" / "pyproject.toml").read_text(encoding="utf-8"))
    assert about["project"]["version"] == dexec_client.__version__ == __version__


def test_the_client_needs_nothing_of_the_engine() -> None:
    """What it imports is the standard library, itself, and what its distribution asks for."""
    about = tomllib.loads((PROJECT / "sdk" / "python" / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {requirement.split(">")[0] for requirement in about["project"]["dependencies"]}
    found: set[str] = set()
    for path in Path(dexec_client.__file__).parent.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[:1] in (["from"], ["import"]):
                found.add(words[1].split(".")[0])
    # TypeAliasType of the models: pydantic needs it, too.
    assert found - sys.stdlib_module_names == asked | {"dexec_client", "typing_extensions"}

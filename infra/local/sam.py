"""Applies the SAM transform to template.yaml, as AWS does before it creates a stack."""

from __future__ import annotations

import json
from importlib import metadata
from typing import cast

from infra.json_types import Node
from infra.local.errors import DeployFailed
from infra.local.kept import kept

_REGION = "us-east-1"


def expanded(template: Node) -> str:
    """Return a template, as JSON, whose SAM resources have become CloudFormation's own.

    An emulator would load the transform, which takes half a second, at each of its starts. Raises
    ``DeployFailed`` with the reasons that SAM gives.
    """
    source = json.dumps(template)
    version = metadata.version("aws-sam-translator")
    return kept("template", f"{version} {source}".encode(), lambda: _expand(source)).decode()


def _expand(source: str) -> bytes:
    import boto3
    from samtranslator.model.exceptions import (  # type: ignore[import-untyped]
        InvalidDocumentException,
    )
    from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
    from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

    # It looks up the policies of AWS that a template names; ours names none.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=_REGION))
    try:
        made = translator.translate(cast(Node, json.loads(source)), parameter_values={})
    except InvalidDocumentException as exc:
        reasons = "\n".join(cause.message for cause in exc.causes)
        raise DeployFailed(f"SAM refuses template.yaml:\n{reasons}") from exc
    # It warns of what nothing took.
    translator.metrics.publish()
    return json.dumps(made).encode()

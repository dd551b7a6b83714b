"""The generated documents and their paths."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from dexec.domain.error_code import ErrorCode
from infra.local.home import PROJECT
from infra.release.documents import asyncapi, configuration, openapi, reference

DOCS = PROJECT / "docs"
STATIC = PROJECT / "functions" / "http_api" / "static"


def documents() -> dict[Path, str]:
    """Return the text of every generated file."""
    http, websocket = openapi.document(), asyncapi.document()
    return {
        STATIC / "openapi.json": json.dumps(http, separators=(",", ":"), ensure_ascii=False) + "\n",
        STATIC / "asyncapi.json": json.dumps(websocket, separators=(",", ":"), ensure_ascii=False) + "\n",
        STATIC / "docs.html": reference.page(http, websocket),
        STATIC / "errors.html": reference.error_index(),
        **{STATIC / "errors" / f"{code}.html": reference.error_page(code) for code in ErrorCode},
        DOCS / "asyncapi.yaml": yaml.safe_dump(websocket, sort_keys=False, allow_unicode=True, width=110),
        DOCS / "configuration.md": configuration.page(),
    }

"""The reference at ``/docs``: the two API documents as one page that needs no script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup, escape

from infra.json_types import Node


def page(http: Node, websocket: Node) -> str:
    """Return the page for an OpenAPI and an AsyncAPI document, as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=ChainableUndefined,
    )
    environment.filters["prose"] = _prose
    types = {**_schemas(websocket), **_schemas(http)}
    template = environment.get_template("reference.html.j2")
    return template.render(http=http, websocket=websocket, types=dict(sorted(types.items()))).lstrip()


def _schemas(document: Node) -> Node:
    return cast(Node, cast(Node, document["components"])["schemas"])


def _prose(text: str) -> Markup:
    """Escape text; what stands in backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped above

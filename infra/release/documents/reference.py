"""The pages for readers, which need no script: the reference at ``/docs``, and one about each error code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup, escape

from dexec.domain.error_code import ErrorCode
from infra.json_types import Node
from infra.release.documents import errors
from infra.release.documents.examples import examples
from infra.release.documents.spellings import KINDS

BASES = {f"{kind.name}{one.name}": one.name for kind, one in KINDS if kind.name}
"""Of each type of order, the market order in its spelling."""


def page(http: Node, websocket: Node) -> str:
    """Return the page for an OpenAPI and an AsyncAPI document, as HTML."""
    types = _shortened({**_schemas(websocket), **_schemas(http)})
    return _rendered(
        "reference.html.j2",
        http=http,
        websocket=websocket,
        types=dict(sorted(types.items())),
        examples=examples(),
        root="",
    )


def error_index() -> str:
    """Return the page that lists all error codes, as HTML."""
    return _rendered("errors.html.j2", errors={code.value: errors.ABOUT[code] for code in ErrorCode}, root="")


def error_page(code: ErrorCode) -> str:
    """Return the page about one error code, as HTML."""
    about = errors.ABOUT[code]
    return _rendered(
        "error.html.j2",
        code=code.value,
        about=about,
        where=_where(code, about),
        example=errors.example(code),
        root="../",
    )


def _where(code: ErrorCode, about: errors.About) -> str:
    """Say where a client meets a code."""
    if about.is_of_frames:
        return f"An error frame of the WebSocket, with the status {errors.status(code)}."
    call = f"HTTP status {errors.status(code)}"
    if not about.is_of_orders:
        return f"{call}."
    quoted = f", or a quote was refused ({call})" if code in errors.OF_QUOTES else ""
    return f"Why an order failed{quoted}."


def _rendered(name: str, **values: object) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=ChainableUndefined,
    )
    environment.filters["prose"] = _prose
    return environment.get_template(name).render(**values).lstrip()


def _shortened(types: Node) -> Node:
    """Return types without the fields that another type of theirs has: the page says of which they are."""
    bases = {name: base for name, base in BASES.items() if name in types}
    bases |= {
        name: event for name in types if (event := name.replace("Frame", "Event")) != name and event in types
    }
    return {
        name: _beside(cast(Node, schema), bases[name], types) if name in bases else schema
        for name, schema in types.items()
    }


def _beside(schema: Node, base: str, types: Node) -> Node:
    """Return a type with the fields alone that it does not share with another."""
    known = cast(Node, cast(Node, types[base])["properties"])
    own: Node = {
        name: about for name, about in cast(Node, schema["properties"]).items() if known.get(name) != about
    }
    said = f"{schema['description']} Beside the fields of `{base}`:"
    return schema | {"description": said, "properties": own}


def _schemas(document: Node) -> Node:
    return cast(Node, cast(Node, document["components"])["schemas"])


def _prose(text: str) -> Markup:
    """Escape text; what stands in backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped above

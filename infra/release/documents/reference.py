"""The reference at ``/docs``: the two API documents as one page that needs no script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import cast

from infra.json_types import Json, Node
from infra.release.documents.components import REF

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dexec: reference</title>
<link rel="icon" href="console/icon.svg">
<link rel="stylesheet" href="console/docs.css">
</head>
<body>
<header>
<h1>dexec <small>{version}</small></h1>
{description}
<p><a href=".">Console</a> · <a href="openapi.json">OpenAPI</a></p>
</header>
<nav aria-label="Contents">
{contents}
</nav>
<main>
<h2 id="http">HTTP</h2>
{operations}
<h2 id="websocket">WebSocket</h2>
{socket}
{frames}
<h2 id="types">Types</h2>
{types}
</main>
</body>
</html>
"""


def page(http: Node, websocket: Node) -> str:
    """Return the page for an OpenAPI and an AsyncAPI document, as HTML."""
    info = _node(http, "info")
    schemas = _node(websocket, "components", "schemas") | _node(http, "components", "schemas")
    operations = list(_operations(http))
    messages = _node(websocket, "components", "messages")
    return _PAGE.format(
        version=escape(str(info["version"])),
        description=_paragraphs(str(info["description"])),
        contents=_contents(operations, messages),
        operations="\n".join(_operation(*operation) for operation in operations),
        socket=_socket(websocket),
        frames="\n".join(_frame(websocket, name, cast(Node, message)) for name, message in messages.items()),
        types="\n".join(_type(name, cast(Node, schema)) for name, schema in sorted(schemas.items())),
    )


def _operations(http: Node) -> Iterable[tuple[str, str, Node]]:
    for path, methods in _node(http, "paths").items():
        for method, operation in cast(Node, methods).items():
            yield method.upper(), path, cast(Node, operation)


def _contents(operations: Iterable[tuple[str, str, Node]], messages: Node) -> str:
    calls = [
        f'<a href="#{about["operationId"]}">{method} {escape(path)}</a>' for method, path, about in operations
    ]
    frames = [f'<a href="#frame-{name}">{name}</a>' for name in messages]
    chapters: tuple[tuple[str, str, list[str]], ...] = (
        ("http", "HTTP", calls),
        ("websocket", "WebSocket", frames),
        ("types", "Types", []),
    )
    return "\n".join(
        f'<p><a href="#{anchor}"><strong>{title}</strong></a> {" · ".join(links)}</p>'
        for anchor, title, links in chapters
    )


def _operation(method: str, path: str, about: Node) -> str:
    public = "" if about["security"] else " <small>public</small>"
    parts = [
        f'<section id="{about["operationId"]}">',
        f"<h3><code>{method} {escape(path)}</code>{public}</h3>",
        f"<p>{_text(str(about['summary']))}</p>",
    ]
    parameters = [cast(Node, parameter) for parameter in _list(about.get("parameters"))]
    if parameters:
        parts.append(_table(("parameter", "in", "type", ""), map(_parameter, parameters)))
    if "requestBody" in about:
        schema = _node(about, "requestBody", "content", "application/json", "schema")
        parts.append(f"<p>Body: {_kind(schema)}</p>")
    rows = [
        (f"<code>{status}</code>", _described(response), _answer(_as_node(response)))
        for status, response in _node(about, "responses").items()
    ]
    return "\n".join([*parts, _table(("status", "means", "answer"), rows), "</section>"])


def _parameter(parameter: Node) -> tuple[str, ...]:
    name = f"<code>{parameter['name']}</code>"
    return name, str(parameter["in"]), _kind(parameter["schema"]), _must(parameter)


def _answer(response: Node) -> str:
    return ", ".join(_kind(_as_node(content)["schema"]) for content in _node(response, "content").values())


def _socket(websocket: Node) -> str:
    query = _node(websocket, "channels", "orders", "bindings", "ws", "query", "properties")
    rows = [(f"<code>{name}</code>", _described(about)) for name, about in query.items()]
    return _paragraphs(str(_node(websocket, "info")["description"])) + _table(("query", ""), rows)


def _frame(websocket: Node, name: str, message: Node) -> str:
    operation = _as_node(_node(websocket, "operations").get(name, {}))
    way = "you send" if operation else "you are sent"
    replies = _list(_as_node(operation.get("reply", {})).get("messages"))
    answers = ", ".join(f'<a href="#frame-{last}">{last}</a>' for last in map(_last, replies))
    return "\n".join(
        (
            f'<section id="frame-{name}">',
            f"<h3><code>{name}</code> <small>{way}</small></h3>",
            f"<p>{_text(str(message['summary']))} {_kind(message['payload'])}"
            + (f", answered by {answers}" if answers else "")
            + "</p>",
            "</section>",
        )
    )


def _type(name: str, schema: Node) -> str:
    parts = [f'<section id="type-{name}">', f"<h3><code>{name}</code></h3>"]
    if "description" in schema:
        parts.append(f"<p>{_text(str(schema['description']))}</p>")
    if "enum" in schema:
        parts.append(f"<p>{_kind(schema)}</p>")
    required = _list(schema.get("required"))
    rows = [
        (
            f"<code>{field}</code>",
            _kind(about),
            "required" if field in required else "",
            _described(about),
        )
        for field, about in _as_node(schema.get("properties", {})).items()
    ]
    return "\n".join([*parts, _table(("field", "type", "", ""), rows) if rows else "", "</section>"])


def _kind(schema: Json) -> str:
    """Return what values a schema takes, in words and links."""
    about = _as_node(schema)
    if isinstance(about.get("$ref"), str):
        name = str(about["$ref"]).removeprefix(REF)
        return f'<a href="#type-{name}">{name}</a>'
    if "const" in about:
        return f"<code>{escape(str(about['const']))}</code>"
    if "enum" in about:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in _list(about["enum"]))
    if "anyOf" in about:
        return " or ".join(_kind(choice) for choice in _list(about["anyOf"]))
    if about.get("type") == "array":
        return f"list of {_kind(about['items'])}"
    return escape(str(about.get("type", "any"))) + _bounds(about)


def _bounds(about: Node) -> str:
    low, high = about.get("minimum"), about.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    longest = about.get("maxLength")
    return f", up to {longest} characters" if longest is not None else ""


def _must(parameter: Node) -> str:
    default = _as_node(parameter["schema"]).get("default")
    if default is not None:
        return f"default <code>{escape(str(default))}</code>"
    return "required" if parameter.get("required") else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    names = "".join(f'<th scope="col">{name}</th>' if name else "<td></td>" for name in head)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{names}</tr></thead>\n<tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'


def _paragraphs(text: str) -> str:
    return "\n".join(f"<p>{_text(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _described(about: Json) -> str:
    return _text(str(_as_node(about).get("description", "")))


def _text(text: str) -> str:
    """Escape text; what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _last(reference: Json) -> str:
    return str(_as_node(reference)["$ref"]).rsplit("/", 1)[-1]


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _as_node(value: Json) -> Node:
    return cast(Node, value)


def _node(node: Node, *path: str) -> Node:
    for name in path:
        node = _as_node(node[name])
    return node

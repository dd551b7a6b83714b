"""What the pages for contributors name exists: files, classes, functions, fields, commands, where they say.

A *name* is what stands between backticks. A step of a recipe that names files has its other names looked up
in those; a name anywhere else is one of the engine, its functions or its tools.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import typer
from pydantic.alias_generators import to_snake

from infra.cli.main import app
from infra.local import template
from infra.local.home import PROJECT

PACKAGE = PROJECT / "shared" / "dexec"
MOST_FILES = 4
ROOTS = (PROJECT, PROJECT / "shared", PACKAGE, PROJECT / "docs")
CODE = ("shared/dexec", "functions", "infra", "sdk/python/src")

_FENCE = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_FILE = re.compile(r"[\w.$-]+(/[\w.-]+)*/?")
_SUFFIX = re.compile(r"\.(py|sql|md|yaml|json|in|txt)$")
_SOURCE = re.compile(r"[\w/-]+\.(py|sql)|(shared|functions|infra|sdk|tests|docs)/[\w./-]+")
_CALL = re.compile(r"([\w.]+)\(([^)]*)\)(?: -> ([\w.]+))?")
_DOTTED = re.compile(r"\w+(\.\w+)*")


@dataclass
class Index:
    """What the code defines: names, the members of classes, the parameters of calls."""

    names: set[str] = field(default_factory=lambda: set(dir(builtins)))
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    bases: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    parameters: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def members_of(self, name: str) -> set[str]:
        """Return the members of a class, with those of its bases."""
        return self.members[name].union(*(self.members_of(base) for base in self.bases[name] - {name}))

    def add(self, tree: ast.Module) -> None:
        """Add what a file defines or imports by name."""
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._add_class(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self.names.add(node.name)
                self.parameters[node.name].update(_parameters(node))
            elif isinstance(node, ast.ImportFrom):
                self.names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
                self.names.update(_texts(node.slice))
        self.names.update(_assigned(tree))

    def _add_class(self, node: ast.ClassDef) -> None:
        own = self.members[node.name]
        own.update(_assigned(node))
        for part in node.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                own.add(part.name)
                if part.name == "__init__":
                    own.update(_parameters(part))
        if any("Enum" in ast.unparse(base) for base in node.bases):
            self.names.update(text for part in node.body for text in _texts(part))
        self.names.update({node.name, *own})
        self.parameters[node.name].update(own)
        self.bases[node.name].update(ast.unparse(base).split(".")[-1] for base in node.bases)


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        yield argument.arg


def _assigned(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    for part in node.body:
        targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


@cache
def index(*places: Path) -> Index:
    """Return the index of files, and of the files of folders."""
    found = Index()
    for place in places:
        for path in place.rglob("*.py") if place.is_dir() else [place]:
            found.names.update({path.stem, path.parent.name})
            found.add(ast.parse(path.read_text(encoding="utf-8")))
    return found


@cache
def tree() -> frozenset[str]:
    """Return every file of the repository, from its root, with a slash before it."""
    folders = ("shared", "functions", "infra", "sdk", "tests", "docs")
    return frozenset(
        f"/{path.relative_to(PROJECT)}" for name in folders for path in (PROJECT / name).rglob("*")
    )


def file_of(span: str) -> Path | None:
    """Return the file or folder that a span names, whether from one of the roots or by its name alone."""
    if not _FILE.fullmatch(span) or not ("/" in span or _SUFFIX.search(span)):
        return None
    for root in ROOTS:
        if (root / span).exists():
            return root / span
    ends = [path for path in tree() if path.endswith(f"/{span}")]
    return PROJECT / ends[0][1:] if len(ends) == 1 else None


def is_command(span: str) -> bool:
    """Return whether a span is a target of make, or a command of dexec."""
    words = span.split()
    if words[0] == "make":
        return re.search(rf"^{words[1]}:", (PROJECT / "Makefile").read_text(), re.MULTILINE) is not None
    known = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }
    return words[0] == "dexec" and words[1].replace("-", "_") in known


def is_url(span: str) -> bool:
    """Return whether a span is the path of a route."""
    routes = template.routes(template.load(PROJECT / "template.yaml"))
    return span in {route.split(" ")[-1] for route in routes}


def is_defined(span: str, code: Index) -> bool:
    """Return whether a span is a name of ``code``: plain, dotted, or a call with its parameters."""
    if call := _CALL.fullmatch(span):
        given = {to_snake(one.split("=")[0].strip()) for one in call[2].split(",")} - {"", "…"}
        takes = code.parameters[call[1].split(".")[-1]].union(code.members_of(call[1]))
        return is_defined(call[1], code) and given <= takes and (call[3] is None or is_defined(call[3], code))
    if not _DOTTED.fullmatch(span):
        return False
    first, *rest = span.split(".")
    if rest:
        return len(rest) == 1 and rest[0] in code.members_of(first)
    return bool({first, to_snake(first)} & code.names)


def stands_in(span: str, files: list[Path]) -> bool:
    """Return whether every word of a name occurs in one of ``files``, or of the files of a folder."""
    sources = [one for path in files for one in (path.rglob("*.*") if path.is_dir() else [path])]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources if _SUFFIX.search(path.name))
    words = re.findall(r"\w+", span.split("(", maxsplit=1)[0])
    return all(re.search(rf"\b({word}|{to_snake(word)})\b", text) for word in words)


def items(page: str) -> Iterator[str]:
    """Yield the paragraphs, list items and table rows of a page; of the architecture, its map and rows."""
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    if page == "architecture.md":
        yield from _mapped(_FENCE.findall(text)[0])
    for line in _FENCE.sub("", text).splitlines():
        if "`" in line and (page != "architecture.md" or line.startswith("|")):
            yield line


def _mapped(drawing: str) -> Iterator[str]:
    """Yield the files and folders of the map of the repository, whose folders are indented under theirs."""
    folder = ""
    for line in drawing.splitlines():
        entry = re.match(r"( *)([\w./]+(?:/|\.py|\.yaml))\s", line)
        if entry:
            folder = folder if entry[1] else entry[2]
            yield f"`{folder}{entry[2]}`" if entry[1] else f"`{entry[2]}`"


def missing(item: str) -> list[str]:
    """Return the names of an item that do not exist, or not where it says."""
    item = re.sub(r"\[[^]]*\]\([^)]*\)", "", item)
    spans = _SPAN.findall(item)
    files = [path for path in map(file_of, spans) if path is not None]
    return [span for span in spans if file_of(span) is None and not exists(span, _looked_up(item, files))]


def _looked_up(item: str, files: list[Path]) -> list[Path]:
    """Return where the names of an item are looked up: a step of a recipe says it."""
    is_step = re.match(r"\d+\. |\| `", item) is not None and any(path.is_file() for path in files)
    return files if is_step else [PROJECT / folder for folder in CODE]


def exists(span: str, places: list[Path]) -> bool:
    """Return whether a span is a route, a command, or a name of ``places``."""
    if span.startswith("/"):
        return is_url(span)
    if " " in span and is_command(span):
        return True
    if all(path.is_dir() or path.suffix == ".py" for path in places):
        return is_defined(span, index(*places))
    return stands_in(span, places)


DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
PAGES = ("extending.md", "add-a-venue.md", "architecture.md")
ITEMS = [(page, item) for page in PAGES for item in items(page)]


@pytest.mark.parametrize(("page", "item"), ITEMS, ids=lambda text: text[:40])
def test_what_is_named_exists(page: str, item: str) -> None:
    assert not missing(item), f"{page} names what is not there"


@pytest.mark.parametrize(
    "item",
    [
        "1. `domain/made_up.py`: a file",
        "1. `domain/lifecycle.py`: `made_up` in a file that exists",
        "1. `domain/lifecycle.py`: `to_request`, which is in another file",
        "`Container.made_up` is no member",
        "`surplus(price, made_up)` has no such parameter",
        "`made_up` is no name",
        "`made_up.sql` is no statement",
        "`/api/made-up` is no route",
        "`make made-up` and `dexec made-up` are no commands",
    ],
)
def test_what_is_made_up_is_found(item: str) -> None:
    names = [span for span in _SPAN.findall(item) if "made" in span or span == "to_request"]
    assert missing(item) == names


@pytest.mark.parametrize("title", ["A field of the order body", "A field of an answer"])
def test_a_new_field_is_a_change_of_few_files(title: str) -> None:
    text = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
    recipe = text.split(f"## {title}\n")[1].split("\n## ")[0]
    assert 2 <= len(re.findall(r"^\d+\. `", recipe, re.MULTILINE)) <= MOST_FILES


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_files_named_in_any_document_exist(page: Path) -> None:
    spans = _SPAN.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    named = [span for span in spans if _SOURCE.fullmatch(span)]
    assert not [span for span in named if file_of(span) is None and not any(map(_ending(span), tree()))]


def _ending(span: str) -> Callable[[str], bool]:
    return lambda path: path.endswith(f"/{span}")


def headings(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them of its headings."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize(
    "page", [DOCUMENTS[0], *sorted((PROJECT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_a_link_leads_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)#\s]*)#?([^)]*)\)|(?:src|href)=\"([^\"#]+)\"", text)
    for place, anchor, source in links:
        if not re.match(r"https?:|mailto:", place or source):
            target = page.parent / (place or source) if place or source else page
            assert target.exists(), f"{page.name} links to {target}"
            assert not anchor or anchor in headings(target), f"{target.name} has no heading {anchor}"


def test_the_page_of_the_command_line_names_every_command() -> None:
    page = (PROJECT / "docs" / "command-line.md").read_text(encoding="utf-8")
    shown = {name for name, command in typer.main.get_group(app).commands.items() if not command.hidden}
    assert set(re.findall(r"`dexec ([a-z][a-z-]+)`", page)) == shown


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_commands_named_in_a_sentence_have_the_options_that_it_gives_them(page: Path) -> None:
    spans = _SPAN.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    for span in (span for span in spans if re.match(r"dexec [a-z][a-z-]*( |$)", span)):
        words = span.split()[1:]
        command: typer.core.TyperGroup | typer.core.TyperCommand = typer.main.get_group(app)
        while words and isinstance(command, typer.core.TyperGroup) and words[0] in command.commands:
            command = command.commands[words.pop(0)]  # type: ignore[assignment]
        assert words != span.split()[1:], f"there is no {span}"
        options = {"--help"}.union(*(parameter.opts for parameter in command.params))
        options |= {name for parameter in command.params for name in parameter.secondary_opts}
        assert not set(re.findall(r"--[a-z][a-z-]*", span)) - options, f"there is no {span}"

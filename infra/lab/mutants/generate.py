"""Makes the mutants of a file: of code with Cosmic Ray and two kinds of our own, of SQL, of the template."""

from __future__ import annotations

import ast
import difflib
import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.lab.mutants import cosmic
from infra.lab.mutants.sql import mutations
from infra.local.home import PROJECT

_PYTHON = PROJECT / ".venv-mutants" / "bin" / "python"
_LOGS = re.compile(r"(_?log(ger)?|telemetry|warnings)\b")
_IDLE = re.compile(
    r"\s*(@dataclass|@pytest|__slots__|if TYPE_CHECKING|.*\b(logger|log)\.(info|warning|error)\()"
)
_SETS = re.compile(
    r"\s*(- )?(?!Description|AllowedPattern|ConstraintDescription|AWSTemplate|Version)[\w:'\"-]+:( |$)"
)
"""A line of the template that sets something, and is no prose."""
_LITERAL = re.compile(r"(?<![\w.-])(\d+)(?![\w.-])|\b(true|false)\b|\b(Allow|Deny)\b")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file: ``text`` is the whole file with it, ``change`` the lines that it touches."""

    file: str
    line: int
    change: str
    text: str


def mutants_of(files: Sequence[str]) -> Iterator[Mutant]:
    """Yield the mutants of the files, in order. Raises ``CalledProcessError`` if Cosmic Ray fails."""
    for file in files:
        source = (PROJECT / file).read_text(encoding="utf-8")
        made = {"py": _of_code, "sql": _of_sql, "yaml": _of_template}[file.rpartition(".")[2]]
        seen = {source}
        for line, text in made(file, source):
            if text not in seen:
                seen.add(text)
                yield Mutant(file, line, _change(source, text), text)


def _of_code(file: str, source: str) -> Iterator[tuple[int, str]]:
    """Leave out what changes no behaviour, as options of @dataclass and zip, and what is no program."""
    program: list[str | Path] = [_PYTHON, cosmic.__file__, file]
    listed = subprocess.run(program, cwd=PROJECT, check=True, capture_output=True, text=True)
    lines = source.splitlines()
    for _, line, column, text in map(json.loads, listed.stdout.splitlines()):
        if (
            not _IDLE.match(lines[line - 1])
            and not re.match(r"\*\*?[,\w]", lines[line - 1][column:])
            and not lines[line - 1][:column].endswith(("strict=", "repr="))
            and _is_code(text)
        ):
            yield line, text
    yield from _without_calls(source)
    for found in re.finditer(r"\b(min|max)\(", source):
        other = "max(" if found[1] == "min" else "min("
        yield _line(source, found.start()), source[: found.start()] + other + source[found.end() :]


def _is_code(text: str | None) -> bool:
    try:
        ast.parse(text or "(")
    except SyntaxError:
        return False
    return True


def _without_calls(source: str) -> Iterator[tuple[int, str]]:
    """Yield the source without one of the statements that only call something, logs aside."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await | ast.Yield):
            indent = lines[node.lineno - 1][: node.col_offset]
            if indent.strip() or _LOGS.search(ast.unparse(node.value).partition("(")[0]):
                continue
            after = lines[node.end_lineno or node.lineno :]
            yield node.lineno, "".join([*lines[: node.lineno - 1], f"{indent}pass\n", *after])


def _of_sql(_file: str, source: str) -> Iterable[tuple[int, str]]:
    return mutations(source)


def _of_template(_file: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield the template with one number, switch or effect changed, descriptions and patterns aside."""
    start = 0
    for number, line in enumerate(source.splitlines(keepends=True), 1):
        if _SETS.match(line):
            for found in _LITERAL.finditer(line):
                opposite = {"true": "false", "false": "true", "Allow": "Deny", "Deny": "Allow"}
                other = opposite.get(found[0]) or str(int(found[0]) + 1)
                yield number, f"{source[: start + found.start()]}{other}{source[start + found.end() :]}"
        start += len(line)


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _change(source: str, text: str) -> str:
    """Return what a mutant takes out and puts in."""
    lines = difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm="")
    changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    return " ".join(f"{line[0]} {' '.join(line[1:].split())}" for line in changed)

"""Mutants of SQL: one condition that always holds, one literal or comparison that is another."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.lab.mutants.plan import Tests
from infra.lab.mutants.report import Fate, Mutant

_STATUSES = ("pending", "routing", "building", "submitted", "confirmed", "failed")
_TOKENS = re.compile(r"--[^\n]*|'[^']*'|%\(\w+\)\w|[A-Za-z_][\w.]*|\d+|<=|>=|<>|[()<>=]|\S")
_STARTS = {"WHERE", "AND", "OR", "ON", "HAVING"}
_ENDS = _STARTS | {
    "GROUP", "ORDER", "LIMIT", "RETURNING", "UNION", "JOIN", "LEFT", "DO", "SET", "THEN", "CONFLICT", "FOR",
    "FROM",
}  # fmt: skip
_AFTER_SET = {"FROM", "WHERE", "RETURNING"}
_OTHER = {"<=": "<", ">=": ">", "<": "<=", ">": ">=", "=": "<>", "<>": "=", "true": "false", "false": "true"}


def mutations(sql: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the change in words and the text of every mutant of a statement."""
    tokens = [found for found in _TOKENS.finditer(sql) if not found[0].startswith("--")]
    assigns = False
    for index, token in enumerate(tokens):
        assigns = token[0] == "SET" or (assigns and token[0] not in _AFTER_SET)
        if assigns and token[0] == "=":
            continue
        line = sql.count("\n", 0, token.start()) + 1
        if token[0] in _STARTS and (end := _end_of_condition(tokens, index + 1)) is not None:
            start = tokens[index + 1].start()
            condition = " ".join(sql[start:end].split())
            yield line, f"{token[0]} {condition} -> TRUE", f"{sql[:start]}TRUE{sql[end:]}"
        for other in _others(token[0]):
            yield line, f"{token[0]} -> {other}", f"{sql[: token.start()]}{other}{sql[token.end() :]}"


def _end_of_condition(tokens: Sequence[re.Match[str]], index: int) -> int | None:
    """Return where the condition that begins at a token ends; None where none begins."""
    depth, end = 0, None
    for token in tokens[index:]:
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0 or (depth == 0 and token[0] in _ENDS):
            break
        end = token.end()
    first = tokens[index][0] if index < len(tokens) else ""
    return None if first == "CONFLICT" else end


def _others(token: str) -> tuple[str, ...]:
    if token in _OTHER:
        return (_OTHER[token],)
    if token.isdigit():
        return (str(int(token) + 1),)
    if token[1:-1] in _STATUSES:
        position = _STATUSES.index(token[1:-1])
        return (f"'{_STATUSES[(position + 1) % len(_STATUSES)]}'",)
    return ()


def mutants_of_sql(tree: Path, files: Sequence[str], tests: Tests) -> list[Mutant]:
    """Run ``tests`` on each mutant of ``files`` in ``tree``."""
    found = []
    for file in files:
        path = tree / file
        original = path.read_text(encoding="utf-8")
        for line, change, mutated in mutations(original):
            path.write_text(mutated, encoding="utf-8")
            found.append(Mutant(file, line, change, _fate(tree, tests)))
        path.write_text(original, encoding="utf-8")
    return found


def _fate(tree: Path, tests: Tests) -> Fate:
    if time.monotonic() >= tests.ends_at:
        return Fate.NOT_RUN
    running = subprocess.Popen(
        shlex.split(tests.command), cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        return Fate.KILLED if running.wait(tests.timeout_s) else Fate.SURVIVED
    except subprocess.TimeoutExpired:
        # Asked to end, not killed: the tests stop the server that they started.
        os.killpg(running.pid, signal.SIGTERM)
        running.wait()
        return Fate.KILLED

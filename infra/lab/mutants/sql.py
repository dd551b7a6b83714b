"""Mutants of SQL: one condition that always holds, one literal, comparison or bound that is another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dexec.domain.lifecycle import Status

_STATUSES = [status.value for status in Status]
_TOKENS = re.compile(r"--[^\n]*|'[^']*'|%\(\w+\)\w|[A-Za-z_][\w.]*|\d+|<=|>=|<>|[()<>=]|\S")
_STARTS = {"WHERE", "AND", "OR", "ON", "HAVING"}
_ENDS = _STARTS | {
    "GROUP", "ORDER", "LIMIT", "RETURNING", "UNION", "JOIN", "LEFT", "DO", "SET", "THEN", "CONFLICT", "FOR",
    "FROM",
}  # fmt: skip
_AFTER_SET = {"FROM", "WHERE", "RETURNING"}
_OPPOSITES = (
    ("<=", "<"), (">=", ">"), ("=", "<>"), ("true", "false"), ("GREATEST", "LEAST"), ("DESC", "ASC"),
    ("AND", "OR"), ("LEFT", "INNER"), ("+", "-"),
)  # fmt: skip
_OTHER = (
    dict(_OPPOSITES) | {other: one for one, other in _OPPOSITES} | {"IN": "NOT IN", "EXISTS": "NOT EXISTS"}
)


def mutations(sql: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every mutant of a statement."""
    tokens = [found for found in _TOKENS.finditer(sql) if not found[0].startswith("--")]
    assigns = False
    for index, token in enumerate(tokens):
        line = sql.count("\n", 0, token.start()) + 1
        before, after = sql[: token.start()], sql[token.end() :]
        if token[0] in _STARTS and (end := _end_of_condition(tokens, index + 1)) is not None:
            yield line, f"{sql[: tokens[index + 1].start()]}TRUE{sql[end:]}"
        if token[0] == "LIMIT":
            yield line, f"{before}LIMIT 1 + {after}"
        if token[0] == "NOT" or (token[0] == "NULL" and tokens[index - 1][0] == "IS"):
            yield line, f"{before}{'' if token[0] == 'NOT' else 'NOT NULL'}{after}"
        assigns = token[0] == "SET" or (assigns and token[0] not in _AFTER_SET)
        if not (assigns and token[0] == "="):
            previous = tokens[index - 1][0]
            # NOT changes as a whole, and what EXISTS selects is not read.
            is_idle = (token[0] in ("IN", "EXISTS") and previous == "NOT") or previous == "SELECT"
            yield from ((line, f"{before}{other}{after}") for other in _others(token[0]) if not is_idle)


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

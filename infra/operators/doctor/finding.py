"""The result of a check: grade, text, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How bad it is: only ``problem`` keeps something from working."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One check's result; ``fix`` says what to type next where there is something to do."""

    check: str
    grade: Grade
    text: str
    fix: str = ""


def ok(check: str, text: str) -> Finding:
    """Return that all is well."""
    return Finding(check, Grade.OK, text)


def note(check: str, text: str, fix: str) -> Finding:
    """Return something that is good to know."""
    return Finding(check, Grade.NOTE, text, fix)


def problem(check: str, text: str, fix: str) -> Finding:
    """Return what has to be fixed first."""
    return Finding(check, Grade.PROBLEM, text, fix)

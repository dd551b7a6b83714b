"""The examples of ``docs/examples.md``, by the call that they show.

That page is the one place they stand in: the reference shows them, and the tests run them from there.
"""

from __future__ import annotations

import re

from infra.local.home import PROJECT

PAGE = PROJECT / "docs" / "examples.md"
LANGUAGES = {"python": "Python", "typescript": "TypeScript"}
"""What a block is written in, by its mark in the page; a block of the shell is one command."""

_SECTION = re.compile(r"^<!-- (\w+) -->$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, dict[str, str]]:
    """Return the text of each example, by operation and by what it is written with."""
    found = _SECTION.findall(PAGE.read_text(encoding="utf-8"))
    return {
        name: {_label(language, text): text for language, text in _BLOCK.findall(section)}
        for name, section in found
    }


def _label(language: str, text: str) -> str:
    """Return what an example is written with: the language, of a command its program."""
    return LANGUAGES.get(language) or text.removeprefix("npx ").split()[0]

"""The examples of ``docs/examples.md``, by the call that they show.

That page is the one place they stand in: the reference shows them, and the tests run them from there.
"""

from __future__ import annotations

import re

from infra.local.home import PROJECT

PAGE = PROJECT / "docs" / "examples.md"
LANGUAGES = {"sh": "curl", "python": "Python", "typescript": "TypeScript"}
"""What a block is written in, by its mark in the page."""

_SECTION = re.compile(r"^<!-- (\w+) -->$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> dict[str, dict[str, str]]:
    """Return the text of each example, by operation and language."""
    found = _SECTION.findall(PAGE.read_text(encoding="utf-8"))
    return {
        name: {LANGUAGES[language]: text for language, text in _BLOCK.findall(section)}
        for name, section in found
    }

"""The recipes for a new field name files and functions that exist, and few of them."""

from __future__ import annotations

import re

import pytest

from infra.local.home import PROJECT

PACKAGE = PROJECT / "shared" / "dexec"
MOST = 4


def rows(title: str) -> list[tuple[str, str]]:
    """Return file and instruction of each row of a recipe's table."""
    text = (PROJECT / "docs" / "extending.md").read_text()
    section = text.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([\w/]+\.py)` \| (.*) \|$", section, re.MULTILINE)


@pytest.mark.parametrize("title", ["A field of the order body", "A field of an answer"])
def test_a_new_field_is_a_change_of_few_files(title: str) -> None:
    recipe = rows(title)
    assert 2 <= len(recipe) <= MOST
    for file, instruction in recipe:
        code = (PACKAGE / file).read_text()
        for name in re.findall(r"`(\w+)`", instruction):
            defines = re.compile(rf"^ *(class|def) {name}\b", re.MULTILINE)
            assert defines.search(code), f"{file} has no {name}"

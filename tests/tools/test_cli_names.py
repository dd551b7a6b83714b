"""Names and help of commands: what was renamed answers to its old name, which the help does not list."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from infra.cli.main import app


def test_again_is_a_hidden_name_of_resubmit() -> None:
    run = CliRunner().invoke
    assert "Place a failed order's request again" in run(app, ["again", "--help"]).output
    listed = re.findall(r"^│ (\w[\w-]*) ", run(app, ["--help"]).output, re.MULTILINE)
    assert "resubmit" in listed
    assert "again" not in listed


@pytest.mark.parametrize("command", [["up"], ["halt"], ["keys", "set"]])
def test_a_paragraph_of_the_help_is_broken_where_the_terminal_ends(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}).output
    usage, *paragraphs = re.split(r"\n *\n", shown.split("╭─")[0])
    assert len(paragraphs) > 2, usage
    for paragraph in paragraphs:
        for line, following in pairwise(line.strip() for line in paragraph.splitlines()):
            assert len(f"{line} {following.split()[0]}") > 78, "the next word would have had room"

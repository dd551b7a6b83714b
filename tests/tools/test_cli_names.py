"""Names of commands: what was renamed answers to its old name, and the help lists the new one alone."""

from __future__ import annotations

import re

from typer.testing import CliRunner

from infra.cli.main import app


def test_again_is_a_hidden_name_of_resubmit() -> None:
    run = CliRunner().invoke
    assert "Place a failed order's request again" in run(app, ["again", "--help"]).output
    listed = re.findall(r"^│ (\w[\w-]*) ", run(app, ["--help"]).output, re.MULTILINE)
    assert "resubmit" in listed
    assert "again" not in listed

"""``dexec smoke``: the smoke test of a new deployment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from infra.cli import output
from infra.cli.doctor import print_findings
from infra.cli.operators import StackOption, access
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from infra.operators.doctor.finding import Finding


def smoke(*, home: HomeOption = HOME, stack: StackOption = None, as_json: JsonOption = False) -> None:
    """Smoke-test a deployment: schema, orders, pushes, a dead letter, alarms.

    It trades twice on the paper market with a key of its own, and takes a minute. Exit code 1 if something
    does not work.
    """
    from infra.operators.doctor.finding import Grade
    from infra.operators.smoke import run

    findings: list[Finding] = []
    with access(home, stack) as way:
        for finding in run(way):
            findings.append(finding)
            if not as_json:
                print_findings([finding])
    if as_json:
        output.say_json([asdict(finding) for finding in findings])
    if any(finding.grade is Grade.PROBLEM for finding in findings):
        raise typer.Exit(1)

"""``dexec doctor``: checks this machine, or an AWS account, and says how to fix what is wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from infra.cli import output
from infra.cli.target import HOME, HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.operators.doctor.finding import Finding

_STYLES = {"ok": "green", "note": "yellow", "problem": "bold red"}


def doctor(
    *,
    aws: Annotated[
        bool, typer.Option("--aws", help="Also check the AWS account, before deploying to it.")
    ] = False,
    home: HomeOption = HOME,
    as_json: JsonOption = False,
) -> None:
    """Check what dexec needs, and say how to fix what is missing (exit code 1 if something has to be)."""
    from infra.local.home import Home
    from infra.operators.doctor import account, machine
    from infra.operators.doctor.finding import Grade

    findings = list(machine.examine(Home(home.resolve())))
    if aws:
        findings += account.examine()
    if as_json:
        output.say_json([asdict(finding) for finding in findings])
    else:
        print_findings(findings)
    if any(finding.grade is Grade.PROBLEM for finding in findings):
        raise typer.Exit(1)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print each finding, and below it what to do."""
    for finding in findings:
        grade = f"[{_STYLES[finding.grade]}]{finding.grade.value:<8}[/]"
        output.say(f"{grade} {escape(finding.check)}: {escape(finding.text)}")
        if finding.fix:
            output.say(f"         [dim]→[/] {escape(finding.fix)}")

"""The ``dexec`` command without a process of its own: a second faster, and seen by coverage."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest import mock

from infra.cli import output
from infra.cli.main import main
from tests.system.e2e import command


class Ran(NamedTuple):
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, **environ: str) -> Ran:
    """Run a command to its end."""
    out, err = io.StringIO(), io.StringIO()
    # As in a process of its own: how wide the output is was not decided by another command.
    output._output.cache_clear()
    output.errors.cache_clear()
    with (
        mock.patch.object(sys, "argv", ["dexec", *arguments]),
        mock.patch.dict("os.environ", command.environ(**environ), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            return Ran(int(ended.code or 0), out.getvalue(), err.getvalue())
    return Ran(0, out.getvalue(), err.getvalue())

"""Makes mutants of a copy of the engine and runs the tests on each: ``make mutants``."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.lab.mutants.code import mutants_of_code
from infra.lab.mutants.plan import GROUPS, Group, Tests
from infra.lab.mutants.report import Mutant, report
from infra.lab.mutants.sql import mutants_of_sql
from infra.local.home import PROJECT

_TOOLS = PROJECT / ".venv-mutants" / "bin"
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".dexec", ".aws-sam", ".*_cache", ".hypothesis", "__pycache__"
)
_SCRIPT = """\
#!/bin/sh
# Quick tests first; what survives them meets the thorough ones.
tests/run -q -x {quick} && tests/run -q -x {thorough}
"""


def main() -> None:
    """Report on the groups, or files of them, that are named; on all without a name."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="groups (domain, usecases, sql), or parts of the names of files"
    )
    parser.add_argument("--minutes", type=float, default=600, help="stop then, and report on what has run")
    options = parser.parse_args()
    ends_at = time.monotonic() + options.minutes * 60
    # What is told to end reports on what has run, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found: list[Mutant] = []
    for group in GROUPS:
        files = _files(group, options.names)
        if files:
            found += _mutants_of(group, files, ends_at)
    print(report(found))


def _files(group: Group, names: list[str]) -> list[str]:
    files = sorted(str(path.relative_to(PROJECT)) for text in group.files for path in PROJECT.glob(text))
    files = [file for file in files if not file.endswith("__init__.py")]
    if not names or group.name in names:
        return files
    return [file for file in files if any(name in file for name in names)]


def _mutants_of(group: Group, files: list[str], ends_at: float) -> list[Mutant]:
    """Mutate a copy of the project, so that a run that is killed leaves the project as it is."""
    with tempfile.TemporaryDirectory(prefix="dexec-mutants-") as scratch:
        # As root, PostgreSQL runs under an account of its own, which has to reach its programs in here.
        Path(scratch).chmod(0o755)
        tree = Path(scratch) / "project"
        shutil.copytree(PROJECT, tree, ignore=_LEFT_OUT)
        (tree / ".venv").symlink_to(PROJECT / ".venv")
        script = tree / "mutants.sh"
        script.write_text(_SCRIPT.format(quick=group.quick, thorough=group.thorough), encoding="utf-8")
        began = time.monotonic()
        done = subprocess.run(["/bin/sh", script], cwd=tree, check=False, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the tests fail without any mutant:\n{done.stdout[-4_000:]}{done.stderr[-1_000:]}")
        tests = Tests(f"/bin/sh {script}", 30 + 4 * (time.monotonic() - began), ends_at)
        if group.name == "sql":
            return mutants_of_sql(tree, files, tests)
        return mutants_of_code(_TOOLS, tree, files, tests)


if __name__ == "__main__":
    main()

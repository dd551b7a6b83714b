"""Mutants of Python code, made and run by Cosmic Ray, which lives in a virtual environment of its own."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from infra.lab.mutants.plan import EXCLUDED, Tests
from infra.lab.mutants.report import Fate, Mutant

_CONFIGURATION = """\
[cosmic-ray]
module-path = {modules}
timeout = {timeout_s}
excluded-modules = []
test-command = {command}

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = {excluded}
"""


def mutants_of_code(tools: Path, tree: Path, files: Sequence[str], tests: Tests) -> list[Mutant]:
    """Run ``tests`` on each mutant of ``files`` in ``tree``.

    ``tools`` holds Cosmic Ray's programs. Raises ``CalledProcessError`` where it does not run.
    """
    session, configuration = tree / "mutants.sqlite", tree / "mutants.toml"
    text = _CONFIGURATION.format(
        modules=json.dumps(list(files)),
        timeout_s=tests.timeout_s,
        command=json.dumps(tests.command),
        excluded=json.dumps(EXCLUDED),
    )
    configuration.write_text(text, encoding="utf-8")
    for program in (["cosmic-ray", "init"], ["cr-filter-operators"]):
        arguments = [configuration, session] if program[0] == "cosmic-ray" else [session, configuration]
        subprocess.run([tools / program[0], *program[1:], *arguments], cwd=tree, check=True)
    _drop_idle(session, tree)
    executing = subprocess.Popen([tools / "cosmic-ray", "exec", configuration, session], cwd=tree)
    try:
        executing.wait(max(0, tests.ends_at - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        executing.terminate()
        executing.wait()
    dumped = subprocess.run(
        [tools / "cosmic-ray", "dump", session], cwd=tree, check=True, capture_output=True, text=True
    )
    return list(_read(dumped.stdout))


def _drop_idle(session: Path, tree: Path) -> None:
    """Drop what changes no behaviour: options of @dataclass, and the mark before keyword-only parameters."""
    with closing(sqlite3.connect(session)) as database, database:
        found = database.execute(
            "SELECT job_id, module_path, start_pos_row, start_pos_col FROM mutation_specs"
        )
        for job_id, file, row, column in found.fetchall():
            line = (tree / file).read_text(encoding="utf-8").splitlines()[row - 1]
            if line.lstrip().startswith("@dataclass") or line[column:].startswith("*,"):
                for table in ("work_results", "mutation_specs", "work_items"):
                    database.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608


def _read(dump: str) -> Iterator[Mutant]:
    """Yield the mutants of a session that are not left out."""
    for item, result in map(json.loads, dump.splitlines()):
        if result is not None and result["worker_outcome"] == "skipped":
            continue
        (mutation,) = item["mutations"]
        change = _change(result) or f"{mutation['operator_name']} {mutation['occurrence']}"
        yield Mutant(mutation["module_path"], mutation["start_pos"][0], change, _fate(result))


def _fate(result: dict[str, Any] | None) -> Fate:
    if result is None:
        return Fate.NOT_RUN
    if "SyntaxError" in (result["output"] or "") or result["test_outcome"] == "incompetent":
        return Fate.INVALID
    return Fate.SURVIVED if result["test_outcome"] == "survived" else Fate.KILLED


def _change(result: dict[str, Any] | None) -> str:
    """Return what a mutant's diff takes out and puts in."""
    lines = ((result or {}).get("diff") or "").splitlines()
    changed = [line for line in lines if line[:1] in "-+" and not line.startswith(("---", "+++"))]
    return " ".join(f"{line[0]} {line[1:].strip()}" for line in changed)

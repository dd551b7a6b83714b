"""Asks PyPI's advisory database about every pinned package. ``make audit``; needs the internet."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local.home import PROJECT
from infra.release.supply.locks import ALL

UNREACHABLE = ("could not be audited", "Connection", "Timeout", "ServiceError")
_ADVICE = """\
The advisory database did not answer for every package, so this says nothing about those. A mirror of PyPI
often lacks it: run `make audit` where PyPI can be reached, for example in the CI workflow."""


def main() -> int:
    """Audit every lock file; 0 when all packages were looked up and none has a known vulnerability."""
    with tempfile.TemporaryDirectory(prefix="dexec-audit-") as place:
        auditor = _install(Path(place))
        results = [_audit(auditor, lock) for lock in ALL]
    if any(phrase in output for code, output in results for phrase in UNREACHABLE if code):
        print(_ADVICE, file=sys.stderr)
    return max(code for code, _ in results)


def _install(place: Path) -> Path:
    """Install pip-audit, pinned, where it meets nothing else; return the program."""
    uv = str(Path(sys.executable).with_name("uv"))
    python = place / "bin" / "python"
    lock = PROJECT / "requirements-audit.txt"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(lock)]
    subprocess.run(install, check=True)
    return place / "bin" / "pip-audit"


def _audit(auditor: Path, lock: str) -> tuple[int, str]:
    """Audit one lock file as it is, installing nothing; a package that cannot be looked up is a failure."""
    print(f"{lock}:", flush=True)
    command = [str(auditor), "--strict", "--disable-pip", "--require-hashes", "-r", str(PROJECT / lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    print(output.strip(), flush=True)
    return done.returncode, output


if __name__ == "__main__":
    sys.exit(main())

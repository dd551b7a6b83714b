"""Deployment packages: the sources as they are, or what was built."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from infra.local import package


def names(content: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(content)).namelist())


def test_a_layer_from_sources_is_our_package_with_its_bytecode(tmp_path: Path) -> None:
    (tmp_path / "dexec").mkdir()
    (tmp_path / "dexec" / "part.py").write_text("VALUE = 1\n")
    (tmp_path / "requirements.txt").touch()
    found = names(package.layer_zip(tmp_path))
    assert "python/dexec/part.py" in found
    assert any(name.endswith(".pyc") for name in found)
    assert not any("requirements" in name for name in found)


def test_a_built_layer_is_complete_and_stays_as_it_is(tmp_path: Path) -> None:
    for name in ("dexec/part.py", "psycopg/__init__.py"):
        path = tmp_path / "python" / name
        path.parent.mkdir(parents=True)
        path.touch()
    assert names(package.layer_zip(tmp_path)) == {"python/dexec/part.py", "python/psycopg/__init__.py"}

"""Builds the deployment packages for an emulator, without third-party code.

The emulator runs functions in its own interpreter, which has their dependencies; ``sam build`` makes
the packages for AWS, and for emulators whose functions run elsewhere. Workers unpack the layer each time
they start, so it carries compiled modules that are valid whatever the time stamps say.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import marshal
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.local.kept import kept

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNCHECKED_HASH = 0b01


def function_zip(code: Path) -> bytes:
    """Return the package of one function: the files of its directory."""
    return zipped(_files(code))


def layer_zip(shared: Path) -> bytes:
    """Return the package of the layer: the ``dexec`` package with its compiled modules.

    What ``sam build`` made is complete and stays as it is.
    """
    if (shared / "python").is_dir():
        return zipped(_files(shared))
    files = list(_files(shared, "dexec"))
    return kept("layer", _fingerprint(files), lambda: zipped(_in_layer(_with_bytecode(files))))


def key(content: bytes, name: str) -> str:
    """Return the S3 key of a package: it changes with the content, so that CloudFormation sees a change."""
    return f"{name}/{hashlib.sha256(content).hexdigest()[:32]}.zip"


def _files(root: Path, below: str = ".") -> Iterator[tuple[str, bytes]]:
    for path in sorted((root / below).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _fingerprint(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return all that the layer depends on: the files, the interpreter's bytecode, and how it is made."""
    made_by = (("", importlib.util.MAGIC_NUMBER), ("", Path(__file__).read_bytes()))
    listed = ((name, hashlib.sha256(content).hexdigest()) for name, content in (*made_by, *files))
    return repr(list(listed)).encode()


def _in_layer(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    return ((f"python/{name}", content) for name, content in files)


def _with_bytecode(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    for name, content in files:
        yield name, content
        if name.endswith(".py"):
            yield importlib.util.cache_from_source(name), _bytecode(name, content)


def _bytecode(name: str, source: bytes) -> bytes:
    """Return a .pyc file (PEP 552) that the interpreter takes without a look at the source."""
    code = compile(source, name, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH.to_bytes(4, "little")
    return header + importlib.util.source_hash(source) + marshal.dumps(code)


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip archive that is equal for equal files: no time stamps."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()

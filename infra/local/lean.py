"""Shortens MiniStack's start by what this deployment does not need.

It loads botocore's model of every service it is asked for, to learn how answers are encoded; it unpacks a
layer for every function; and it loads Docker's client and removes containers that earlier runs left, of
which there are none: functions are processes here.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime, responses  # type: ignore[import-untyped]

PROTOCOLS: Mapping[str, Mapping[str, str]] = {
    "apigateway": {"protocol": "rest-json"},
    "cloudformation": {"protocol": "query"},
    "events": {"protocol": "json", "jsonVersion": "1.1"},
    "iam": {"protocol": "query"},
    "lambda": {"protocol": "rest-json"},
    "logs": {"protocol": "json", "jsonVersion": "1.1"},
    "s3": {"protocol": "rest-xml"},
    "secretsmanager": {"protocol": "json", "jsonVersion": "1.1"},
    "sqs": {"protocol": "json", "jsonVersion": "1.0"},
}
"""How the services that a deployment uses encode answers, as botocore's models say."""

SERVICES = (
    "apigateway",
    "cloudformation",
    "cloudwatch",
    "cloudwatch_logs",
    "lambda_svc",
    "s3",
    "secretsmanager",
    "sqs",
)
"""The modules of the services that every deployment uses, which are loaded before they are asked for."""


def trim() -> None:
    """Change MiniStack before its application is imported."""
    sys.modules["docker"] = None  # type: ignore[assignment]
    responses._service_model = with_known_protocols(responses._service_model)
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedZip})


def load_services() -> None:
    """Load what the first requests need, in the background."""
    for name in SERVICES:
        importlib.import_module(f"ministack.services.{name}")


class Model:
    """The model of a service, of which only ``metadata`` is known until more is asked for."""

    def __init__(self, metadata: Mapping[str, str], load: Callable[[], Any]) -> None:
        self.metadata = metadata
        self._load = load

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load(), name)


def with_known_protocols(load: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return ``load``, which reads the model of a service, but lazily where that is possible."""

    def model(service: str) -> Any:
        metadata = PROTOCOLS.get(service)
        return load(service) if metadata is None else Model(metadata, lambda: load(service))

    return model


class SharedZip(zipfile.ZipFile):
    """An archive; a layer is unpacked once, however often, as one directory that all links lead to.

    Functions may not write to it: AWS forbids that below ``/opt``. Their own directory, which they run in, is
    no link: what lies beside it is found from it.
    """

    _unpacking = Lock()

    def namelist(self) -> list[str]:
        """Return the names that MiniStack checks for leading out of the directory: ``extractall`` does it."""
        return [] if self._is_layer() else super().namelist()

    def extractall(
        self, path: str | os.PathLike[str] | None = None, members: Any = None, pwd: bytes | None = None
    ) -> None:
        """Unpack; a layer's ``path`` is an empty directory, and becomes a link."""
        if path is None or not self._is_layer():
            super().extractall(path, members, pwd)
            return
        with SharedZip._unpacking:
            directory = self._directory()
            if not directory.exists():
                draft = tempfile.mkdtemp(dir=directory.parent)
                super().extractall(draft, super().namelist(), pwd)
                Path(draft).rename(directory)
        Path(path).rmdir()
        Path(path).symlink_to(directory)

    def _is_layer(self) -> bool:
        return Path(str(self.filename)).name.startswith("layer_")

    def _directory(self) -> Path:
        digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        return _layers() / digest


@cache
def _layers() -> Path:
    """Return a directory of this process's own, where nothing lies that another one put there."""
    return Path(tempfile.mkdtemp(prefix="layers-"))

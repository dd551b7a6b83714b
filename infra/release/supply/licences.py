"""Writes docs/licences.md, the licences of shipped dependencies. ``make licences``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import metadata

from infra.local.home import PROJECT
from infra.markdown import table

SHIPPED = ("shared/requirements.txt", "functions/executor/requirements.txt")
"""The lock files of what goes to AWS: the layer, and what one function needs beside it."""

PAGE = PROJECT / "docs" / "licences.md"
_HEAD = """\
# Licences

dexec itself is under the MIT licence. This is what is deployed with it, made by `make licences` from the
lock files and the packages' own metadata; tools for development are not shipped and not listed.

"""
_LOOKED_UP = {
    "jsonalias": "MIT, as nixpkgs records it; the package names none",
    "solders": "Apache-2.0, by the licence file in the package",
}
_SHORT = 60
"""Some packages put the whole text where the licence's name belongs."""

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]++)(?! ; sys_platform == 'win32')", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Return the versions of a lock file by package, without those that Windows alone needs."""
    return dict(_PIN.findall((PROJECT / lock).read_text(encoding="utf-8")))


def page() -> str:
    """Return the page. Raises ``PackageNotFoundError`` for what is not installed."""
    found: dict[str, tuple[str, list[str]]] = {}
    for lock in SHIPPED:
        for name, version in pins(lock).items():
            found.setdefault(name, (version, []))[1].append(lock.rsplit("/", 1)[0])
    rows = [
        (name, version, licence(name, metadata(name).json), ", ".join(f"`{place}`" for place in places))
        for name, (version, places) in sorted(found.items())
    ]
    return f"{_HEAD}{table(('package', 'version', 'licence', 'where'), rows)}\n"


def licence(name: str, about: Mapping[str, str | list[str]]) -> str:
    """Return the licence that a package's metadata name, as an SPDX expression where it has one.

    Raises ``ValueError`` where it names none.
    """
    for field in ("license_expression", "license"):
        text = str(about.get(field, ""))
        if text and "\n" not in text and len(text) <= _SHORT:
            return text
    if name in _LOOKED_UP:
        return _LOOKED_UP[name]
    named = [text.rsplit(" :: ", 1)[-1] for text in about.get("classifier", []) if "License ::" in text]
    if not named:
        raise ValueError(f"{name} names no licence; look it up, and add it to _LOOKED_UP")
    return " or ".join(named)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

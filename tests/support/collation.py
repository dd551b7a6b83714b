"""A database that sorts text as en_US.UTF-8 does, the default of RDS and of Debian's images."""

from __future__ import annotations

import string
import subprocess
from pathlib import Path

import psycopg

NAME = "en_US.UTF-8"
LOCALES = "locales"
_DATABASE = "english"
_ALPHABET = "".join(small + small.upper() for small in string.ascii_lowercase)
_PUNCTUATION = "~_" + string.punctuation.replace("~", "").replace("_", "") + " "
_ORDER = _PUNCTUATION + string.digits + _ALPHABET
"""The order of en_US, roughly: punctuation before digits before letters, and "a" before "A" before "b"."""


def add_database(admin_url: str, locales: Path) -> str:
    """Make the database on a server that looks for locales in ``locales`` too; return its name."""
    _make_locale(locales)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_DATABASE} TEMPLATE template0 LOCALE '{NAME}'".encode())
    return _DATABASE


def _make_locale(locales: Path) -> None:
    """Compile the locale; from an order of ASCII alone where the machine has no sources of locales."""
    locales.mkdir(exist_ok=True)
    target = locales / NAME
    if _localedef("-i", "en_US", "-f", "UTF-8", str(target)) and (target / "LC_COLLATE").exists():
        return
    names = [f"<U{number:04X}>" for number in range(128)]
    order = [*(n for n in range(128) if chr(n) not in _ORDER), *map(ord, _ORDER)]
    _write(
        locales / "charmap",
        "<code_set_name> UTF-8\n<escape_char> /\n<mb_cur_min> 1\n<mb_cur_max> 6\nCHARMAP",
        [f"{name} /x{number:02x}" for number, name in enumerate(names)],
        "END CHARMAP",
    )
    _write(
        locales / "source",
        "escape_char /\nLC_COLLATE\norder_start forward",
        [names[number] for number in order],
        "UNDEFINED\norder_end\nEND LC_COLLATE",
    )
    # The other categories are missing, which is a warning: they are made without a source.
    _localedef("-c", "-i", str(locales / "source"), "-f", str(locales / "charmap"), str(target))


def _write(path: Path, head: str, lines: list[str], end: str) -> None:
    path.write_text("\n".join([head, *lines, end, ""]))


def _localedef(*arguments: str) -> bool:
    made = subprocess.run(
        ["localedef", "--no-archive", *arguments], check=False, capture_output=True, text=True
    )
    return made.returncode == 0

"""What is made once and kept: for equal sources only, and only when it is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.kept import kept


class Maker:
    """Makes something else every time."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> bytes:
        self.made += 1
        return b"%d" % self.made


def test_equal_sources_are_made_once(tmp_path: Path) -> None:
    make = Maker()
    found = [kept("layer", source, make, tmp_path / "new") for source in (b"a", b"a", b"b", b"a")]
    assert found == [b"1", b"1", b"2", b"1"]
    assert kept("template", b"a", make, tmp_path / "new") == b"3"


@pytest.mark.parametrize("damaged", [b"", bytes(100), b"short"])
def test_what_was_damaged_is_made_again(tmp_path: Path, damaged: bytes) -> None:
    make = Maker()
    kept("layer", b"a", make, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damaged)
    assert [kept("layer", b"a", make, tmp_path) for _ in range(2)] == [b"2", b"2"]


def test_the_oldest_go(tmp_path: Path) -> None:
    make = Maker()
    for number in range(20):
        kept("layer", b"%d" % number, make, tmp_path)
    assert len(list(tmp_path.iterdir())) == 8


def test_what_cannot_be_kept_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert kept("layer", b"a", Maker(), tmp_path / "file") == b"1"

"""``dexec demo``, the first thing that anybody runs."""

from __future__ import annotations

from pathlib import Path

from tests.support.homes import new_home
from tests.system.e2e import command


def test_the_demo_confirms_five_orders_and_leaves_nothing_running(tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    with new_home() as home:
        ran = command.run("demo", "--home", str(home.root), "--svg", str(picture))
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert command.processes_of(home.root) == []
    assert ran.stdout.count(" confirmed ") >= 5
    for part in ("Five orders", "How each was routed", "raydium", "meteora", "PostgreSQL holds it"):
        assert part in ran.stdout
    assert "<svg" in picture.read_text()


def test_the_demo_fits_80_columns_where_it_is_piped() -> None:
    with new_home() as home:
        ran = command.run("demo", "--home", str(home.root), COLUMNS="80", NO_COLOR="1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "\x1b" not in ran.stdout
    tables = ran.stdout.partition("How each was routed")[2]
    assert max(map(len, tables.splitlines())) <= 80

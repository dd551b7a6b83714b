"""``dexec demo``, the first thing that anybody runs."""

from __future__ import annotations

from pathlib import Path

from tests.support.homes import new_home
from tests.system.e2e import command, inprocess
from tests.system.e2e.deployed import Deployed


def test_the_demo_confirms_five_orders_in_80_columns_and_leaves_nothing_running() -> None:
    with new_home() as home:
        ran = command.run("demo", "--home", str(home.root), COLUMNS="80", NO_COLOR="1")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert command.processes_of(home.root) == []
    assert ran.stdout.count(" confirmed ") >= 5
    for part in ("Five orders", "How each was routed", "raydium", "meteora", "PostgreSQL holds it"):
        assert part in ran.stdout
    assert "\x1b" not in ran.stdout
    tables = ran.stdout.partition("How each was routed")[2]
    assert max(map(len, tables.splitlines())) <= 80


def test_a_deployment_that_runs_is_used_and_left_running(quiet: Deployed, tmp_path: Path) -> None:
    assert quiet.home is not None
    picture = tmp_path / "demo.svg"
    ran = inprocess.run("demo", "--home", str(quiet.home.root), "--svg", str(picture))
    assert ran.returncode == 0, ran.stderr
    assert "<svg" in picture.read_text()
    with quiet.client() as client:
        assert client.get("ready").is_success

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infra.local.errors import LocalError
from infra.local.home import Home
from infra.local.processes import ProcessRef
from tests.support.homes import state

STATE = state(processes=(ProcessRef(name="emulator", pid=1, started=0.0, port=1),))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(STATE)
    assert home.read() == STATE


def test_the_state_holds_a_password_so_only_its_owner_reads_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(STATE)
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def test_no_state_and_a_state_of_another_version_are_the_same(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.read() is None
    (tmp_path / "state.json").write_text('{"version": 0}')
    assert home.read() is None


def test_a_state_whose_process_is_another_one_now_is_not_serving(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(STATE)
    found = home.read()
    assert found is not None
    assert not found.serving()


def test_two_commands_do_not_start_the_same_deployment_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.locked(), pytest.raises(LocalError, match="another dexec command"), Home(tmp_path).locked():
        raise AssertionError("the lock was given twice")

"""The variables for ``sam local``: addresses as a container sees them, for the owner's eyes only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.local import sam_env
from infra.local.home import Home
from tests.support.homes import state

STATE = state()
QUEUE = "http://localhost:4566/000000000000/orders"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_addresses_are_those_a_container_reaches(home: Home) -> None:
    sam_env.write(home, STATE, QUEUE)
    variables = json.loads(home.sam_env.read_text())["Parameters"]
    assert variables["DATABASE_URL"] == "postgresql://postgres:secret@host.docker.internal:54320/dexec"
    assert variables["ORDER_QUEUE_URL"] == "http://host.docker.internal:4566/000000000000/orders"
    callback = "http://host.docker.internal:4566/_aws/execute-api/de0ec002/live"
    assert variables["WEBSOCKET_CALLBACK_URL"] == callback
    assert variables["WEBSOCKET_URL"] == STATE.websocket_url


def test_the_file_is_its_owners_and_can_be_removed_twice(home: Home) -> None:
    sam_env.write(home, STATE, QUEUE)
    assert home.sam_env.stat().st_mode & 0o777 == 0o600
    sam_env.remove(home)
    sam_env.remove(home)
    assert not home.sam_env.exists()

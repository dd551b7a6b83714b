"""Deployments of which a process dies: brought back, restarted, or stopped as a whole."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from websockets.sync.client import connect

from tests.system.e2e import command, inprocess
from tests.system.e2e.lifecycle import QUICK, SERVED, given_home, healthy, kill, place, running, up, watch


@pytest.fixture(scope="module")
def unwatched() -> Iterator[Path]:
    """Give the home of a deployment that nothing restarts; the last test leaves none."""
    with given_home() as root:
        assert up(root, "--no-restart").supervisor is None
        yield root


def read_until(process: subprocess.Popen[str], text: str) -> None:
    """Read what is printed up to a line that has ``text``."""
    assert process.stdout is not None
    while line := process.stdout.readline():
        if text in line:
            return
    raise AssertionError(f"it ended before it printed {text!r}")


def statuses_until_served(url: str) -> set[int]:
    """Return what a deployment that was just killed answers until it takes orders again."""
    seen: list[int] = []
    is_gone = False
    while not is_gone or HTTPStatus.OK not in seen:
        try:
            with urlopen(f"{url}/ready", timeout=command.PATIENCE_S) as answer:
                seen += [answer.status] * is_gone
        except HTTPError as exc:
            seen.append(exc.code)
        except OSError:
            is_gone = True
        time.sleep(0.02)
    return {*seen}


def test_of_two_side_by_side_one_crashes_without_restarts_reports_it_and_stops_the_rest(
    unwatched: Path,
) -> None:
    first = running(unwatched)
    with (
        given_home() as home,
        command.running("up", "--no-restart", "--home", str(home), *QUICK, until=SERVED) as process,
    ):
        assert running(home).http_url != first.http_url
        found = inprocess.run("show", place(unwatched), "--home", str(home))
        assert found.returncode == 1
        assert "no such order" in found.stderr
        place(home)
        kill(running(home), "emulator")
        rest = process.communicate(timeout=command.PATIENCE_S)[0]
        assert process.returncode == 1
        assert "emulator" in rest
        assert "ended unexpectedly" in rest
        assert command.processes_of(home) == []
    assert healthy(first)


def test_what_crashed_is_brought_back_where_it_was(unwatched: Path) -> None:
    before = up(unwatched, "--no-restart")
    first = place(unwatched)
    watch(unwatched, first)
    for ref in before.processes:
        kill(before, ref.name)
    crashed = inprocess.run("status", "--home", str(unwatched))
    assert crashed.returncode == 1
    assert "ended unexpectedly" in crashed.stderr
    with command.running("up", "--home", str(unwatched), *QUICK, until=SERVED) as process:
        assert running(unwatched).http_url == before.http_url
        assert inprocess.run("show", first, "--home", str(unwatched)).returncode == 0
        reports_restarts_among_the_logs_until_a_signal(process, unwatched)
    assert command.processes_of(unwatched) == []


def reports_restarts_among_the_logs_until_a_signal(process: subprocess.Popen[str], home: Path) -> None:
    """Kill what ``dexec up`` runs in the foreground, and have it stop with a WebSocket open."""
    kill(running(home), "postgres")
    read_until(process, "postgres restarted")
    state = running(home)
    kill(state, "emulator")
    assert statuses_until_served(state.http_url) == {503, 200}, "none says that there is no such API"
    with connect(f"{state.websocket_url}?apiKey={state.api_key}", proxy=None) as at_once:
        read_until(process, "emulator restarted")
        at_once.send('{"action": "ping"}')
        assert json.loads(at_once.recv(command.PATIENCE_S)) == {"type": "pong"}, "it is known, and hears"
    order_id = place(home)
    watch(home, order_id)
    read_until(process, order_id)
    state = running(home)
    with connect(f"{state.websocket_url}?apiKey={state.api_key}", proxy=None):
        process.send_signal(signal.SIGTERM)
        assert process.wait(command.PATIENCE_S) == 0

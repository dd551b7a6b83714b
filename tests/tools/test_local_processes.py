from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from infra.local import processes
from infra.local.errors import StartFailed
from infra.local.home import PROJECT
from infra.local.processes import ProcessRef

SLEEPER = "import time; time.sleep(60)"
DEAF = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
{SLEEPER}
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def started() -> Iterator[list[ProcessRef]]:
    refs: list[ProcessRef] = []
    yield refs
    for ref in refs:
        processes.stop(ref, signal.SIGKILL, grace_s=5)


def start(program: str, log: Path, started: list[ProcessRef]) -> ProcessRef:
    ref = processes.spawn("test", [sys.executable, "-c", program], port=1, log=log, env=dict(os.environ))
    started.append(ref)
    return ref


def test_a_process_is_alive_until_it_is_stopped(log: Path, started: list[ProcessRef]) -> None:
    ref = start(SLEEPER, log, started)
    assert processes.alive(ref)
    processes.stop(ref, signal.SIGTERM, grace_s=5)
    assert not processes.alive(ref)


def test_another_process_with_the_same_pid_is_left_alone(log: Path, started: list[ProcessRef]) -> None:
    ref = start(SLEEPER, log, started)
    stale = ref.model_copy(update={"started": ref.started - 100})
    assert not processes.alive(stale)
    processes.finish([], signal.SIGKILL, grace_s=0)
    assert psutil.pid_exists(ref.pid)


def test_a_process_that_ignores_the_signal_is_killed(log: Path, started: list[ProcessRef]) -> None:
    ref = start(DEAF, log, started)
    processes.wait_ready(ref, lambda: "deaf" in log.read_text(), log)
    processes.stop(ref, signal.SIGTERM, grace_s=0.1)
    assert not processes.alive(ref)


ABANDONING = """
import os, signal, sys
from pathlib import Path
from infra.local import processes

def start():
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    return processes.spawn("test", argv, port=1, log=Path(os.devnull), env=dict(os.environ))

killed, stopped = start(), start()
os.kill(killed.pid, signal.SIGKILL)
os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
processes.stop(stopped, signal.SIGKILL, grace_s=5)
"""


def test_a_child_that_was_killed_by_others_is_reaped_with_the_next() -> None:
    argv = [sys.executable, "-W", "always", "-c", ABANDONING]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60, cwd=PROJECT)
    assert ran.stderr == "", "no subprocess is still running"


def test_children_are_stopped_with_their_parent(log: Path, started: list[ProcessRef]) -> None:
    ref = start(PARENT, log, started)
    processes.wait_ready(ref, lambda: log.read_text().strip() != "", log)
    child = psutil.Process(int(log.read_text()))
    processes.stop(ref, signal.SIGTERM, grace_s=0.1)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_ends_while_starting_is_an_error_with_its_last_words(
    log: Path, started: list[ProcessRef]
) -> None:
    ref = start("import sys; sys.exit('no such database')", log, started)
    with pytest.raises(StartFailed, match="no such database"):
        processes.wait_ready(ref, lambda: False, log)


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert processes.free_port(port) != port


def test_a_server_whose_port_was_taken_meanwhile_is_started_on_another() -> None:
    tried: list[int] = []

    def start_server(port: int) -> ProcessRef:
        tried.append(port)
        if len(tried) == 1:
            raise StartFailed("address already in use")
        return ProcessRef(name="test", pid=1, started=0, port=port)

    assert processes.on_free_port(0, start_server).port == tried[1]

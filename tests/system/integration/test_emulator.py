"""The emulator's process: its port, and the log lines of functions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pydantic
import pytest
from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from infra.lab.bench import bare
from infra.local import emulator, processes
from infra.local.forks import Interpreters, Templates, forkable
from infra.local.home import Home
from infra.local.processes import ProcessRef
from infra.local.worker import FreshWorker, Worker

TALKATIVE = """
def handler(event, context):
    for line in range(event["lines"]):
        print("line", line)
    if event.get("fails"):
        raise ValueError
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(home: Home, started: ExitStack) -> ProcessRef:
    ref = emulator.start(home, 0)
    started.callback(emulator.stop, home, ref)
    return ref


def test_another_emulator_on_the_port_is_not_taken_for_our_own(
    tmp_path: Path, started: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that start at once may both have seen the port free."""
    first = start(Home(tmp_path / "first"), started)
    free_port, asked = processes.free_port, []

    def taken_since(preferred: int) -> int:
        asked.append(preferred)
        return first.port if len(asked) == 1 else free_port(0)

    monkeypatch.setattr(processes, "free_port", taken_since)
    second = start(Home(tmp_path / "second"), started)
    assert second.port != first.port
    assert processes.listens(first)
    assert processes.listens(second)


@pytest.fixture(params=["fresh", "forked"])
def templates(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Templates | None]:
    """Let workers be fresh interpreters, and forks of a template."""
    if request.param == "fresh":
        yield None
        return
    templates = Templates()
    monkeypatch.setattr(
        lambda_runtime, "_PYTHON_WORKER_SCRIPT", forkable(lambda_runtime._PYTHON_WORKER_SCRIPT)
    )
    monkeypatch.setattr(Worker, "templates", templates)
    yield templates
    templates.close("talkative")


@pytest.fixture
def make(templates: Templates | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Worker]]:
    """Make workers of a function, which all end."""
    spawned: list[Any] = []
    made: list[Worker] = []
    for kind in (FreshWorker, Worker):
        monkeypatch.setattr(kind, "_spawn", recorded(kind._spawn, spawned))

    def make(source: str, **variables: str) -> Worker:
        arn = "arn:aws:lambda:us-east-1:000000000000:function:talkative"
        config = {
            "FunctionArn": arn,
            "Handler": "app.handler",
            "Runtime": "python3.13",
            "Environment": {"Variables": variables},
        }
        made.append(Worker("talkative", config, bare.zipped(source)))
        return made[-1]

    yield make
    for worker in made:
        worker.kill()
    if templates is not None:
        templates.close("talkative")
    for process in spawned:
        # Closes its pipes, which the worker leaves to the garbage collector.
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def recorded(spawn: Callable[[FreshWorker], None], spawned: list[Any]) -> Callable[[FreshWorker], None]:
    def wrapper(self: FreshWorker) -> None:
        try:
            spawn(self)
        finally:
            if self._proc is not None:
                spawned.append(self._proc)

    return wrapper


@pytest.fixture
def worker(make: Callable[..., Worker]) -> Worker:
    """Return the worker of a function that logs as many lines as it is told to."""
    return make(TALKATIVE)


def test_what_an_invocation_logged_comes_with_its_answer(worker: Worker) -> None:
    for lines in (1, 5_000, 0, 3):
        log = worker.invoke({"lines": lines}, "request")["log"]
        assert log.splitlines() == [f"line {line}" for line in range(lines)]


def test_what_an_invocation_logged_that_broke(worker: Worker) -> None:
    answer = worker.invoke({"lines": 2, "fails": True}, "request")
    assert answer["status"] == "error"
    assert answer["log"].splitlines() == ["line 0", "line 1"]
    assert worker.invoke({"lines": 1}, "request")["log"] == "line 0"


LARGE = """
import sys, time
def handler(event, context):
    for _ in range(event.get("logs", 0)):
        print("x" * 99)
    time.sleep(event.get("sleeps", 0))
    return {"heard": len(event.get("text", "")), "text": "y" * event.get("says", 0)}
"""


def test_what_no_pipe_holds_at_once(make: Callable[..., Worker]) -> None:
    """A pipe holds 64 KB: of an event, of an answer, and of what is logged before it."""
    size = 1_000_000
    answer = make(LARGE).invoke({"text": "z" * size, "says": size, "logs": 5_000}, "request")
    assert answer["result"] == {"heard": size, "text": "y" * size}
    assert len(answer["log"].splitlines()) == 5_000


def test_an_invocation_that_takes_too_long(make: Callable[..., Worker]) -> None:
    worker = make(LARGE)
    worker.config["Timeout"] = 1
    answer = worker.invoke({"logs": 1, "sleeps": 30}, "request")
    assert (answer["status"], answer["error"]) == ("error", "Task timed out after 1.00 seconds")
    assert answer["log"] == "x" * 99
    assert worker.invoke({}, "request")["result"]["heard"] == 0


def test_an_invocation_whose_process_ends(make: Callable[..., Worker]) -> None:
    worker = make(
        "import os\ndef handler(event, context):\n    if event:\n        os._exit(1)\n    return 1\n"
    )
    assert worker.invoke({"end": True}, "request")["error"] == "Worker process died"
    assert worker.invoke({}, "request")["result"] == 1


@pytest.mark.parametrize("templates", ["forked"], indirect=True)
def test_a_warm_invocation_starts_no_thread(
    make: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(LARGE).invoke({}, "request")
    threads, worker = threading.active_count(), make(LARGE)
    worker.invoke({}, "request")
    assert threading.active_count() == threads, "a worker has none for its log"
    started: list[object] = []
    monkeypatch.setattr(threading.Thread, "start", started.append)
    assert worker.invoke({"logs": 2}, "request")["status"] == "ok"
    assert started == []


CURIOUS = """
import os, random, sys
loaded_by = os.getpid()

def handler(event, context):
    return {
        "pid": os.getpid(), "loaded_by": loaded_by, "cwd": os.getcwd(), "path": sys.path, "argv": sys.argv,
        "variable": os.environ["VARIABLE"], "random": random.random(), "log_stream": context.log_stream_name,
        "open": sorted(os.listdir("/proc/self/fd")), "file": __file__,
    }
"""
THREADED = """
import threading, time
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
def handler(event, context):
    return "answered"
"""
forked_only = pytest.mark.parametrize("templates", ["forked"], indirect=True)


def about(worker: Worker) -> dict[str, Any]:
    result: dict[str, Any] = worker.invoke({}, "request")["result"]
    return result


def test_a_worker_finds_what_its_configuration_says(make: Callable[..., Worker]) -> None:
    found = about(make(CURIOUS, VARIABLE="first"))
    assert found["variable"] == "first"
    assert found["file"] == f"{found['cwd']}/app.py"
    assert found["path"][0] == found["cwd"]
    assert Path(found["argv"][0]).parent.name.startswith("ministack-lambda-talkative-")
    assert len(found["open"]) == 4, "stdin, stdout, stderr, and the directory that is listed"
    assert about(make(CURIOUS, VARIABLE="second"))["variable"] == "second"


def test_the_same_source_is_the_same_code_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template is one code's: zipped in another second, it would be another's."""
    before = bare.zipped(CURIOUS)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2_000_000_000))
    assert bare.zipped(CURIOUS) == before


@forked_only
def test_workers_are_forked_from_one_process_and_differ(make: Callable[..., Worker]) -> None:
    first, second = (about(make(CURIOUS, VARIABLE="x")) for _ in range(2))
    assert first["loaded_by"] == second["loaded_by"] not in {first["pid"], second["pid"]}
    assert first["pid"] != second["pid"]
    assert first["random"] != second["random"]
    assert first["log_stream"] != second["log_stream"]
    assert {name: first[name] for name in ("cwd", "path", "argv")} == {
        name: second[name] for name in ("cwd", "path", "argv")
    }


def test_a_worker_that_is_killed_is_replaced(make: Callable[..., Worker]) -> None:
    worker = make(CURIOUS, VARIABLE="x")
    killed = about(worker)["pid"]
    os.kill(killed, signal.SIGKILL)
    assert worker._proc.wait(5) is not None
    assert about(worker)["pid"] != killed


def test_each_further_worker_lets_those_before_it_have_the_processor(
    make: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = [make(CURIOUS, VARIABLE="x") for _ in range(7)]
    monkeypatch.setattr(lambda_runtime, "_workers", {"another function's": [], "its own": workers})
    own = os.getpriority(os.PRIO_PROCESS, 0)
    found = [os.getpriority(os.PRIO_PROCESS, about(worker)["pid"]) - own for worker in workers]
    assert found == [0, 2, 4, 6, 8, 10, 10]
    os.kill(about(workers[1])["pid"], signal.SIGKILL)
    assert workers[1]._proc.wait(5) is not None
    assert os.getpriority(os.PRIO_PROCESS, about(workers[1])["pid"]) - own == 2


@forked_only
def test_a_template_that_is_killed_is_replaced_and_its_workers_live_on(make: Callable[..., Worker]) -> None:
    worker = make(CURIOUS, VARIABLE="x")
    found = about(worker)
    template = psutil.Process(found["loaded_by"])
    assert template.name() == "template"
    template.kill()
    psutil.wait_procs([template], 5)
    assert about(worker)["pid"] == found["pid"]
    assert about(make(CURIOUS, VARIABLE="x"))["loaded_by"] not in {found["loaded_by"], found["pid"]}


@forked_only
def test_a_function_with_a_thread_is_not_forked(make: Callable[..., Worker]) -> None:
    worker = make(THREADED)
    assert worker.invoke({}, "request")["result"] == "answered"
    assert isinstance(worker._proc, subprocess.Popen)


@pytest.fixture
def interpreters(tmp_path: Path) -> Iterator[Interpreters]:
    interpreters = Interpreters(str(tmp_path / "ministack-lambda-"))
    yield interpreters
    interpreters.close()


REPORT = """
import json, os, sys
import pydantic
found = {"cwd": os.getcwd(), "path": sys.path[0], "argv": sys.argv, "environment": dict(os.environ),
         "name": __name__, "file": __file__, "pydantic": pydantic.__file__}
print(json.dumps({**found, "heard": sys.stdin.readline(), "pid": os.getpid()}), flush=True)
sys.stdin.readline()
"""


def reported(interpreters: Interpreters, root: Path) -> tuple[dict[str, Any], list[str]]:
    """Run the script as the emulator would, and return what it and the process list say."""
    code = root / "code"
    code.mkdir(exist_ok=True)
    script = root / "_worker.py"
    script.write_text(REPORT)
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    child = interpreters.popen(
        [sys.executable, str(script)], cwd=str(code), env={"ONLY": "this"}, text=True, bufsize=1, **pipes
    )
    with child.stdin, child.stdout, child.stderr:
        child.stdin.write("heard\n")
        found = json.loads(child.stdout.readline())
        argv = psutil.Process(found["pid"]).cmdline()
        child.stdin.write("done\n")
        child.wait(5)
    return found, [argument for argument in argv if argument]


def test_a_forked_interpreter_is_as_a_fresh_one(interpreters: Interpreters, tmp_path: Path) -> None:
    script = tmp_path / "_worker.py"
    found, argv = reported(interpreters, tmp_path)
    assert argv == [sys.executable, str(script)]
    assert found["argv"] == [str(script)]
    assert (found["cwd"], found["path"]) == (str(tmp_path / "code"), str(tmp_path))
    assert (found["name"], found["file"], found["heard"]) == ("__main__", str(script), "heard\n")
    assert found["environment"].pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"
    assert found["environment"] == {"ONLY": "this"}
    assert found["pydantic"] == pydantic.__file__


def test_a_function_that_brings_a_package_gets_its_own(interpreters: Interpreters, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "pydantic.py").touch()
    # What runs is a script beside the code, which finds what lies beside it.
    (tmp_path / "pydantic.py").touch()
    found, argv = reported(interpreters, tmp_path)
    assert found["pydantic"] == str(tmp_path / "pydantic.py")
    assert argv == [sys.executable, str(tmp_path / "_worker.py")]


def test_interpreters_start_also_when_the_one_they_are_forked_from_is_gone(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    interpreters._process.kill()
    interpreters._process.wait()
    assert reported(interpreters, tmp_path)[0]["heard"] == "heard\n"


def test_a_function_that_cannot_be_loaded_says_why(make: Callable[..., Worker]) -> None:
    with pytest.raises(RuntimeError, match="No module named 'nowhere'"):
        make("import nowhere").invoke({}, "request")


def test_what_the_emulator_passes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "ORDERS", 20)
    (rate,) = bare.measure(1)
    assert rate > 0

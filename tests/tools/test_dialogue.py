"""Who waits for a worker's answer is woken by the answer, not by what the worker logs before it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from threading import Timer
from typing import IO, NamedTuple

import pytest

from infra.local.dialogue import Dialogue
from infra.local.log_pipe import LogPipe


class Ends(NamedTuple):
    """Our ends of a worker's pipes, and the worker's ends of two of them."""

    stdin: IO[str]
    stdout: IO[str]
    stderr: IO[str]
    answers: IO[bytes]
    logs: IO[bytes]


class CountedLog(LogPipe):
    """Counts how often it was read."""

    pulls = 0

    def pull(self) -> bool:
        """Read what is in the pipe."""
        self.pulls += 1
        return super().pull()


@pytest.fixture
def ends() -> Iterator[Ends]:
    (_, feed), (stdout, answers), (stderr, logs) = os.pipe(), os.pipe(), os.pipe()
    files = Ends(
        os.fdopen(feed, "w"),
        os.fdopen(stdout),
        os.fdopen(stderr),
        os.fdopen(answers, "wb", buffering=0),
        os.fdopen(logs, "wb", buffering=0),
    )
    yield files
    for file in files:
        file.close()


def test_a_log_is_left_alone_until_the_answer_is_there(ends: Ends) -> None:
    log = CountedLog(ends.stderr)
    dialogue = Dialogue(ends.stdin, ends.stdout, log)
    ends.logs.write(b"first\nsecond\n")
    ends.answers.write(b"answer\n")
    assert dialogue.hear(time.monotonic() + 60) == b"answer"
    assert log.pulls == 0
    assert log.take() == "first\nsecond"


def test_a_log_that_fills_its_pipe_is_emptied_meanwhile(ends: Ends) -> None:
    """The worker cannot answer before its log is written."""
    log = CountedLog(ends.stderr)
    dialogue = Dialogue(ends.stdin, ends.stdout, log)
    os.set_blocking(ends.logs.fileno(), False)
    while ends.logs.write(b"x" * 4096):
        pass
    os.set_blocking(ends.logs.fileno(), True)

    def answer() -> None:
        ends.logs.write(b"last\n")
        ends.answers.write(b"answer\n")

    worker = Timer(0, answer)
    worker.start()
    assert dialogue.hear(time.monotonic() + 60) == b"answer"
    worker.join()
    assert log.take().endswith("last")


def test_no_answer_in_time(ends: Ends) -> None:
    dialogue = Dialogue(ends.stdin, ends.stdout, LogPipe(ends.stderr))
    with pytest.raises(TimeoutError):
        dialogue.hear(time.monotonic())

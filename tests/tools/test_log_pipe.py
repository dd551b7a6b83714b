"""A worker's log is read until its process has ended, whoever notices the end first."""

from __future__ import annotations

import os

from infra.local.log_pipe import LogPipe


def test_what_was_logged_is_taken_once() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as pipe, os.fdopen(writing, "wb", buffering=0) as log:
        read = LogPipe(pipe)
        log.write(b"first\n")
        assert (read.take(), read.take()) == ("first", "")
        assert read.pull()


def test_the_end_of_a_process_is_the_end_of_its_log() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as pipe:
        read = LogPipe(pipe)
        os.close(writing)
        assert not read.pull()


def test_a_pipe_that_another_thread_closed_has_ended() -> None:
    reading, writing = os.pipe()
    pipe = os.fdopen(reading)
    read = LogPipe(pipe)
    pipe.close()
    os.close(writing)
    assert not read.pull()
    assert read.take() == ""

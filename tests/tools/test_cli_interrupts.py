"""Every signal that asks a command to stop, as one exception."""

from __future__ import annotations

import signal

import pytest

from infra.cli.interrupts import Stopped, stoppable


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_command_and_a_second_one_not_what_cleans_up_after_it(
    number: signal.Signals,
) -> None:
    # As a shell leaves it, also where the tests run in the background.
    original = signal.signal(number, signal.default_int_handler)
    cleaned_up = []

    def command() -> None:
        with stoppable():
            try:
                signal.raise_signal(number)
            finally:
                signal.raise_signal(number)
                cleaned_up.append(True)

    try:
        with pytest.raises(Stopped, match=number.name):
            command()
        assert cleaned_up
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, original)


def test_what_a_shell_has_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

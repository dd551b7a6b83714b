"""What the command line says to type next after a refusal: one thing, and the right one."""

from __future__ import annotations

import pytest

from dexec_client.errors import BadAddress, ConnectionLost, DexecError, refusal
from infra.cli.advice import Advised, in_words

LOST = ConnectionLost("it did not answer")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refusal("no such order", 404), "no such order; list yours with: dexec history"),
        (refusal("no amount", 422), "no amount"),
        (refusal("busy", 429, retry_after=3), "busy; try again in 3 s"),
        (BadAddress("no dexec here"), "no dexec here; where a local deployment is: dexec status"),
        (Advised(refusal("no such hook", 404), "list it"), "no such hook; list it"),
        (Advised(refusal("busy", 503, retry_after=2), "wait", "odd"), "odd; try again in 2 s; wait"),
        (Advised(LOST, "repeat it"), "it did not answer; repeat it"),
    ],
)  # fmt: skip
def test_one_piece_of_advice(error: DexecError, words: str) -> None:
    assert in_words(error) == words

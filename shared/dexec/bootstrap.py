"""The composition root: the container of this process.

Everything is built when it is first used, so a function imports and connects to what it needs, no more.
"""

from __future__ import annotations

import os
from functools import cache

from dexec.composition.accepting import Accepting
from dexec.composition.executing import Executing
from dexec.composition.operating import Operating
from dexec.settings import Settings


class Container(Accepting, Executing, Operating):
    """The parts of one process: ``Container(settings)``, or with parts that are given: ``clock=…``."""


@cache
def container() -> Container:
    """Return the parts of this process, as its environment configures them."""
    return Container(Settings.from_environ(os.environ))


def prepare(*names: str) -> None:
    """Build the named parts before the first request, where Lambda runs this process.

    Lambda starts a function with a whole processor, and then gives it the share that its memory buys: a
    third of one, for 512 MB. What every request needs is imported before. Nothing is connected to.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        for name in names:
            getattr(container(), name)

"""What a command says that stops watching an order before the order has ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dexec_client.errors import DexecError
from dexec_client.raw.retry import LOST
from infra.cli import output
from infra.cli.target import HOME


@contextmanager
def leaving(order_id: str, again: str) -> Iterator[None]:
    """Say on a signal, or when the deployment is lost, that the order goes on and how to watch it again."""
    try:
        yield
    except (KeyboardInterrupt, DexecError) as exc:
        if isinstance(exc, KeyboardInterrupt) or exc.status in LOST:
            output.note(f"stopped watching; the order goes on. Watch it again: {again} {order_id}")
        raise


def again_command(home: Path, url: str | None) -> str:
    """Return the command that watches an order of this deployment, without its id and without any key."""
    if url is not None:
        return f"dexec watch --url {shlex.quote(url)}"
    return "dexec watch" if home == HOME else f"dexec watch --home {shlex.quote(str(home))}"

"""The paper market of the deployment on this machine, and the tapes that have a name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dexec.adapters.paper.simulator import ScriptedMove, parse_script
from dexec.bootstrap import Container
from dexec.domain.errors import Invalid
from dexec.settings import Settings
from infra.local import deployment, rollout
from infra.local.errors import LocalError
from infra.local.home import PROJECT, Home

if TYPE_CHECKING:
    from dexec.adapters.paper.simulator import PaperDesk

TAPES = PROJECT / "infra" / "tapes"


class NotLive(LocalError):
    """The deployment's prices cannot be moved while it runs."""


@contextmanager
def local(home: Home) -> Iterator[PaperDesk]:
    """Reach the market of the deployment that runs under a home directory. Raises ``NotRunning``."""
    state = deployment.running(home)
    parameters = rollout.parameters_of(state)
    names = ("PaperSeed", "PaperSpread", "PaperLatency", "PaperTape")
    environ = {f"PAPER_{name.removeprefix('Paper').upper()}": parameters.get(name, "") for name in names}
    settings = Settings.from_environ({**environ, "DATABASE_URL": state.database_url})
    with closing(Container(settings)) as parts:
        yield parts.paper_desk


def check_live(desk: PaperDesk) -> None:
    """Raise ``NotLive`` for a market that does not read moves."""
    if desk.fixed is not None:
        has = "a configured tape" if desk.fixed.moves else "no tape"
        raise NotLive(f"the deployment has {has}; start one with a live tape: dexec up --set PaperTape=live")


def named_tapes() -> dict[str, str]:
    """Return what each tape that has a name does, as its first line says."""
    return {
        path.stem: path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        for path in sorted(TAPES.glob("*.tape"))
    }


def read_tape(name: str) -> list[ScriptedMove]:
    """Return the moves of a tape that has a name, or of a file. Raises ``Invalid``, which names the line."""
    known = TAPES / f"{name}.tape"
    path = known if known in TAPES.glob("*.tape") else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no text"
        names = ", ".join(named_tapes())
        raise Invalid(f"the tape {name} cannot be read: {reason}; tapes that have a name: {names}") from exc
    try:
        return parse_script(text)
    except Invalid as exc:
        raise Invalid(f"{path if path is not known else name}, {exc}") from exc

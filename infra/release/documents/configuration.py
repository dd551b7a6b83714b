"""``docs/configuration.md``: the template's parameters, and the settings of the functions they become."""

from __future__ import annotations

from typing import cast

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from dexec.settings import Settings
from infra.json_types import Node
from infra.local import template
from infra.local.home import PROJECT
from infra.markdown import table

_HEAD = """\
# Configuration

Written by `make docs` from `template.yaml` and `shared/dexec/settings.py`; a test compares them.

A deployment is configured by the parameters of its template: locally by `dexec up --set OrdersPerMinute=600`,
once for each parameter; on AWS by `sam deploy --parameter-overrides OrdersPerMinute=600`, or by the
environments of `samconfig.toml`.
"""
_SETTINGS = """\
## Settings of the functions

What the functions read, once, at their start: environment variables. The template sets them; a value out of
range stops the function at its start and names the variable.
"""
_COMMANDS = """\
## The command line

| variable | default | |
| --- | --- | --- |
| `DEXEC_HOME` | `.dexec` | directory of the local deployment (`--home`) |
| `DEXEC_URL` | the local one | HTTP API of another deployment (`--url`) |
| `DEXEC_API_KEY` | the local one's | API key (`--api-key`) |
| `DATABASE_URL` | | PostgreSQL for `dexec deploy` (`--database-url`) |
| `NO_COLOR`, `COLUMNS` | | respected in everything that is printed |
"""


def page() -> str:
    """Return the page."""
    loaded = template.load(PROJECT / "template.yaml")
    parameters = cast("dict[str, Node]", loaded["Parameters"])
    rows = [_parameter(name, about) for name, about in parameters.items()]
    settings = [_setting(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join(
        (
            _HEAD,
            "## Parameters of the template\n",
            table(("parameter", "default", "values", ""), rows) + "\n",
            _SETTINGS,
            table(("variable", "default", "values", ""), settings) + "\n",
            _COMMANDS,
        )
    )


def _parameter(name: str, about: Node) -> tuple[str, ...]:
    values = _range(about.get("MinValue"), about.get("MaxValue"))
    if isinstance(allowed := about.get("AllowedValues"), list):
        values = ", ".join(_code(value) for value in allowed)
    return f"`{name}`", _code(about.get("Default")), values, _cell(str(about["Description"]))


def _setting(name: str, field: FieldInfo) -> tuple[str, ...]:
    lowest = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    highest = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    return f"`{name.upper()}`", _code(field.default), _range(lowest, highest), _cell(field.description or "")


def _range(lowest: object, highest: object) -> str:
    if lowest is None and highest is None:
        return ""
    return f"from {lowest}" if highest is None else f"{lowest} to {highest}"


def _code(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "" if value in ("", None) else f"`{text}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

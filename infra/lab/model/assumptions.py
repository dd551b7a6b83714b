"""The model's assumptions, as ``assumptions.json`` holds them: each with its basis and source."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_FILE = Path(__file__).parent / "assumptions.json"


class _Assumption(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")

    basis: str
    source: str


class Latency(_Assumption):
    """How long a service takes, drawn log-normally."""

    p50_ms: float
    p99_ms: float


class Value(_Assumption):
    """A number whose name says what it counts."""

    value: float


class Function(_Assumption):
    """CPU milliseconds of a full processor: of an order, and of a cold start's import and first request."""

    cpu_ms: float
    import_cpu_ms: float
    first_cpu_ms: float


class Price(_Assumption):
    """US dollars for ``per`` units; ``free`` units a month cost an account nothing, for ever."""

    usd: float
    per: int
    service: str
    free: float = 0


class Quota(_Assumption):
    """A limit of an account, and whether AWS raises it when asked."""

    limit: float
    adjustable: bool


class Assumptions(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")

    region: str
    checked: str
    latencies: dict[str, Latency]
    cold_start_rate: Value
    full_processor_mb: Value
    functions: dict[str, Function]
    prices: dict[str, Price]
    metering: dict[str, Value]
    usage: dict[str, Value]
    quotas: dict[str, Quota]


@cache
def assumptions() -> Assumptions:
    """Return the assumptions."""
    return Assumptions.model_validate_json(_FILE.read_text(encoding="utf-8"))

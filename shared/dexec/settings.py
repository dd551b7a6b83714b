"""The settings of the functions, read from the environment and validated once per process."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dexec.domain.tokens import parse_token_amounts


class PaperLatency(StrEnum):
    """How long the paper venues and the paper cluster take to answer."""

    NONE = "none"
    DEFAULT = "default"
    CONGESTED = "congested"


class PaperSpread(StrEnum):
    """How far apart the prices of the paper venues lie: 2 to 5 % by default, or 5 to 30 bps."""

    DEFAULT = "default"
    TIGHT = "tight"


PAPER_TAPE = r"^(live|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d) *;.+)?$"


class Settings(BaseModel):
    """The configuration of a function: environment variables of the same names, in capitals.

    The template sets them from its parameters; a value out of range stops the function at its start
    with pydantic's ``ValidationError``, which names the variable.
    """

    model_config = ConfigDict(frozen=True)

    # Where things are. One of the three database settings is needed.
    database_url: str | None = Field(None, description="PostgreSQL URL; for tests and `sam local`")
    database_secret_arn: str | None = Field(None, description="Secrets Manager secret that holds the URL")
    dsql_endpoint: str | None = Field(None, description="host of an Aurora DSQL cluster, reached with IAM")
    database_role_arns: str = Field("", description="IAM roles that migrations let into Aurora DSQL")
    store_pipelines: bool = Field(True, description="false: each statement waits for the answer before it")
    order_queue_url: str = Field("", description="SQS queue that feeds the executor")
    http_url: str = Field("", description="where clients reach the HTTP API; empty: the host they called")
    webhook_queue_url: str = Field("", description="SQS queue that feeds the sender of webhooks")
    websocket_url: str = Field("", description="what clients connect to")
    websocket_callback_url: str = Field("", description="connection-management endpoint for pushes")
    url_suffix: str = Field("amazonaws.com", description="domain of the partition's services")

    # Accepting orders.
    orders_per_minute: int = Field(100, ge=1, le=60_000, description="default rate of a client")
    order_burst: int = Field(10, ge=1, le=1_000, description="orders that may start at once")
    max_backlog_seconds: int = Field(900, ge=0, le=900, description="how far ahead orders are scheduled")
    waiting_orders: bool = Field(True, description="false: orders that wait for a price are not taken")
    reference_amounts: str = Field(
        "SOL=0.1,USDC=15,USDT=15,RAY=5,JUP=15,BONK=500000",
        description="what is quoted for a book's reference price, of each token in",
    )
    reads_per_minute: int = Field(600, ge=1, le=60_000, description="reads and frames of a key, per process")
    max_connections_per_client: int = Field(1_000, ge=1, le=100_000, description="WebSockets of a client")
    max_streams_per_client: int = Field(20, ge=1, le=1_000, description="of those, streams of all orders")
    default_slippage_bps: int = Field(50, ge=0, le=10_000, description="tolerance of an order without one")

    # Executing them.
    max_attempts: int = Field(3, ge=1, le=10, description="attempts an order gets")
    lease_seconds: int = Field(25, ge=5, le=900, description="lease of an executor on an order")
    stop_before_end_ms: int = Field(3_000, ge=500, description="time an executor reserves for redelivery")
    quote_deadline_ms: int = Field(400, ge=10, le=10_000, description="a venue slower than this is left out")
    quote_max_age_ms: int = Field(2_000, ge=100, le=60_000, description="older quotes are read again")
    leg_cost_lamports: int = Field(5_000, ge=0, le=10**9, description="what each leg of a route costs")
    poll_ms: int = Field(25, ge=1, le=5_000, description="first pause between two looks at a signature")
    push_deadline_ms: int = Field(2_000, ge=100, le=10_000, description="time for pushes after the last step")

    # Triggering what waits.
    tick_ms: int = Field(1_000, ge=250, le=1_000, description="time between two looks at the market")
    trigger_shards: int = Field(1, ge=1, le=100, description="parts of the books, each ticked by itself")
    trigger_function: str = Field("", description="Lambda function that ticks; empty: the one that runs")

    # Sending to clients' endpoints.
    max_webhooks_per_client: int = Field(5, ge=0, le=20, description="endpoints that a client may have")
    webhook_disable_days: int = Field(3, ge=1, le=30, description="days of failures that disable an endpoint")
    allow_local_webhooks: bool = Field(False, description="true: http and private addresses; for a laptop")

    # Keeping data.
    retention_days: int = Field(0, ge=0, le=36_500, description="age at which ended orders go; 0: never")

    webhook_retention_days: int = Field(30, ge=1, le=365, description="age at which deliveries go")

    # The paper market and cluster.
    paper_latency: PaperLatency = Field(PaperLatency.DEFAULT, description="none, default or congested")
    paper_spread: PaperSpread = Field(PaperSpread.DEFAULT, description="default (2-5 %) or tight (5-30 bps)")
    paper_failure_rate: Decimal = Field(Decimal(0), ge=0, le=1, description="orders whose swaps slip too far")
    paper_venue_failure_rate: Decimal = Field(Decimal(0), ge=0, le=1, description="venue answers that fail")
    paper_seed: int = Field(1, ge=0, description="seed of prices, keys and failures")
    paper_tape: str = Field(
        "",
        pattern=PAPER_TAPE,
        max_length=2_000,
        description="moves of the prices: none, live (as stored), or start; move; move",
    )

    @field_validator("reference_amounts")
    @classmethod
    def _names_each_token(cls, text: str) -> str:
        parse_token_amounts(text)
        return text

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings; variables that are empty count as not set."""
        names = cls.model_fields
        return cls.model_validate({n: environ[n.upper()] for n in names if environ.get(n.upper())})

"""Database connection from the settings, and schema migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexec.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

    from dexec.adapters.postgres.connection import Connect


def connect_to(settings: Settings, *, admin: bool = False) -> Connect:
    """Return what opens connections to the database that is configured; nothing is connected to here.

    ``admin``: with the rights to change the schema, where these are others than a function's (Aurora DSQL).
    Raises ``ValueError`` where no database is configured.
    """
    source = _source(settings, admin=admin)
    if settings.store_pipelines:
        return source
    from dexec.adapters.postgres import sources

    return sources.without_pipelines(source)


def _source(settings: Settings, *, admin: bool) -> Connect:
    from dexec.adapters.postgres import sources

    if settings.database_url:
        return sources.from_url(settings.database_url)
    from dexec.adapters.aws import clients as aws

    if settings.database_secret_arn:
        return sources.from_secret(aws.secrets(), settings.database_secret_arn)
    if settings.dsql_endpoint:
        return sources.from_dsql(aws.dsql_token, settings.dsql_endpoint, admin=admin)
    raise ValueError("set DATABASE_URL, DATABASE_SECRET_ARN or DSQL_ENDPOINT")


def migrate(settings: Settings, now: datetime) -> list[str]:
    """Bring the schema up to date and return the migrations that were applied. Raises ``psycopg.Error``."""
    from dexec.adapters.postgres import migrations

    return migrations.migrate(
        connect_to(settings, admin=True),
        now,
        dsql=bool(settings.dsql_endpoint),
        role_arns=[arn for arn in settings.database_role_arns.split(",") if arn],
    )

"""Prints the database's URL from the variables of docker-compose.yml, its password percent-encoded."""

from __future__ import annotations

import os
from collections.abc import Mapping

from infra.local.postgres import url_of


def database_url(environ: Mapping[str, str]) -> str:
    """Return the URL from ``POSTGRES_HOST``, ``POSTGRES_PORT`` and ``POSTGRES_PASSWORD``."""
    password, port = environ["POSTGRES_PASSWORD"], int(environ["POSTGRES_PORT"])
    return url_of("dexec", password, environ["POSTGRES_HOST"], port, "dexec")


if __name__ == "__main__":
    print(database_url(os.environ))

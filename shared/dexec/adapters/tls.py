"""Certificate authorities of TLS connections: the public ones that botocore, and so the layer, ships.

Neither OpenSSL's default nor libpq's ``system``: in a wheel both look in a folder of the machine that
built it.
"""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path

import botocore

PUBLIC_AUTHORITIES = Path(botocore.__file__).with_name("cacert.pem")


@cache
def client_context() -> ssl.SSLContext:
    """Return the process's context: making one parses every certificate, which takes 18 ms.

    ``AWS_CA_BUNDLE`` names other certificates to trust, as for every AWS SDK.
    """
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or PUBLIC_AUTHORITIES)

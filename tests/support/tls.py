"""TLS for servers on loopback, with certificates of a private authority."""

from __future__ import annotations

import ssl

import trustme


def server_context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """Return what a server called ``host`` needs to speak TLS to clients of PostgreSQL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    # The protocol that libpq names where TLS is spoken from the first byte.
    context.set_alpn_protocols(["postgresql"])
    return context

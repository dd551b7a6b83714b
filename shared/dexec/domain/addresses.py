"""Which addresses an endpoint may have: what clients name must not lead into the deployment's own network."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from dexec.domain.errors import Invalid

MAX_URL = 2_000
IpAddress = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that was checked; ``path`` has the query."""

    is_tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return what stands in the ``host`` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def endpoint(url: str, *, local: bool) -> Endpoint:
    """Return what ``url`` names; raise ``Invalid`` where it may not be sent to, whatever its name leads to.

    ``local``: http is allowed, and addresses of this machine and of private networks.
    """
    if len(url) > MAX_URL or not url.isascii() or any(sign <= " " or sign == "\x7f" for sign in url):
        raise Invalid(f"must be an ASCII URL without spaces, of {MAX_URL} characters at the most", "url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise Invalid("is not a URL", "url") from exc
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise Invalid(f"must begin with https://{' or http://' if local else ''}", "url")
    if not host or "@" in parts.netloc or "#" in url or "\\" in url or "%" in parts.netloc:
        raise Invalid("must name a host, without a user, a password or a fragment", "url")
    is_tls = parts.scheme == "https"
    port = port if port is not None else (443 if is_tls else 80)
    if port < 1024 and port not in (80, 443):
        raise Invalid("must name port 443, 80, or one from 1024 on", "url")
    numeric = _numeric(host)
    if numeric is not None and not is_allowed(numeric, local=local):
        raise Invalid(f"leads to {numeric}, which is not a public address", "url")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(is_tls, host, port, path)


def _numeric(host: str) -> IpAddress | None:
    """Return the address that a host spells, None for a name; raise ``Invalid`` for an old spelling.

    Resolvers take 2130706433, 0x7f.1 and 127.1 for 127.0.0.1.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    last = host.rstrip(".").rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        raise Invalid("must name a host, or an address as 203.0.113.7 or [2001:db8::7]", "url")
    return None


def is_allowed(address: IpAddress, *, local: bool) -> bool:
    """Whether an address may be connected to: a public one; with ``local`` also a private one."""
    address = _embedded(address)
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    if local and (address.is_loopback or address.is_private):
        return True
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_reserved


def _embedded(address: IpAddress) -> IpAddress:
    """Return the IPv4 address that an IPv6 address leads to (mapped, NAT64, 6to4, Teredo), else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)

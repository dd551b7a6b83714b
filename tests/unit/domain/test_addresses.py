"""Which addresses an endpoint may have."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dexec.domain.addresses import endpoint, is_allowed
from dexec.domain.errors import Invalid

PUBLIC = [
    "93.184.215.14",
    "8.8.8.8",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]

LOCAL = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "::ffff:127.0.0.1",
    "fd12::1",
]

NEVER = [
    "169.254.169.254",  # metadata
    "169.254.170.2",  # credentials of containers
    "fe80::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
]

PRIVATE = [
    *LOCAL,
    *NEVER,
    "fd00:ec2::254",  # metadata over IPv6
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.7",
    "240.0.0.1",
    "255.255.255.255",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo of 192.0.2.45
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "::127.0.0.1",
    "fec0::1",
    "4000::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(ip_address(address), local=False)
    assert is_allowed(ip_address(address), local=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_no_other_is(address: str) -> None:
    assert not is_allowed(ip_address(address), local=False)


@pytest.mark.parametrize("address", LOCAL)
def test_a_laptop_may_be_sent_to(address: str) -> None:
    assert is_allowed(ip_address(address), local=True)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_may_not_anywhere(address: str) -> None:
    assert not is_allowed(ip_address(address), local=True)


def test_an_endpoint_is_taken_apart() -> None:
    plain = endpoint("https://Example.com/a/b?c=d", local=False)
    assert (plain.is_tls, plain.host, plain.port, plain.path) == (True, "example.com", 443, "/a/b?c=d")
    assert plain.authority == "example.com"
    assert endpoint("https://example.com:8443", local=False).authority == "example.com:8443"
    assert endpoint("http://[::1]:8000/x", local=True).authority == "[::1]:8000"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.com", "https://"),
        ("ftp://example.com", "https://"),
        ("file:///etc/passwd", "https://"),
        ("example.com", "https://"),
        ("", "https://"),
        ("https://", "host"),
        ("https://user@example.com", "without a user"),
        ("https://example.com@169.254.169.254/", "without a user"),
        ("https://example.com#x", "fragment"),
        ("https://example.com\\@evil", "host"),
        ("https://exa%6dple.com", "host"),
        ("https://example.com/ x", "spaces"),
        ("https://example.com/\r\nx: y", "spaces"),
        ("https://exämple.com", "ASCII"),
        ("https://example.com:22/", "port"),
        ("https://example.com:99999/", "URL"),
        ("https://example.com/" + "x" * 2_000, "characters"),
        ("https://[::1/", "URL"),
        ("https://127.0.0.1/", "public"),
        ("https://[::ffff:169.254.169.254]/", "public"),
        ("https://[fd00:ec2::254]/latest", "public"),
        ("https://2130706433/", "address as"),
        ("https://0x7f000001/", "address as"),
        ("https://127.1/", "address as"),
        ("https://0177.0.0.1/", "address as"),
        ("https://127.0.0.1./", "address as"),
    ],
)
def test_what_may_not_be_sent_to_is_refused_when_it_is_named(url: str, message: str) -> None:
    with pytest.raises(Invalid, match=message) as refused:
        endpoint(url, local=False)
    assert refused.value.field == "url"


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data", "http://0.0.0.0/", "http://2852039166/"]
)
def test_a_laptop_keeps_its_metadata_too(url: str) -> None:
    with pytest.raises(Invalid):
        endpoint(url, local=True)


@pytest.mark.parametrize(("local", "schemes"), [(False, "https://"), (True, "https:// or http://")])
def test_a_wrong_scheme_is_answered_with_those_that_are_taken(schemes: str, *, local: bool) -> None:
    with pytest.raises(Invalid, match=f"must begin with {schemes}$"):
        endpoint("ftp://example.com/hook", local=local)

"""Our signatures are botocore's."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from dexec.adapters.aws.sigv4 import Credentials, Request, Signer

HOSTS = st.sampled_from(["sqs.eu-central-1.amazonaws.com", "localhost:4566"])
PATHS = st.lists(st.text(min_size=1, max_size=12), max_size=3).map(
    lambda parts: "/" + "/".join(quote(part, safe="") for part in parts if part not in (".", ".."))
)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
HEADERS = st.dictionaries(st.sampled_from(["content-type", "x-amz-target", "x-amz-invocation-type"]), VALUES)
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


REQUESTS = st.builds(Request, st.sampled_from(["POST", "DELETE"]), PATHS, HEADERS, st.binary(max_size=200))
PARAMS = st.dictionaries(st.sampled_from(["Action", "Version"]), VALUES, min_size=1)
SIGNERS = st.builds(Signer, st.sampled_from(["sqs", "execute-api", "lambda"]), st.just("eu-central-1"), HOSTS)
CREDENTIALS = st.builds(Credentials, st.just("AKID"), SECRETS, st.none() | SECRETS)


@given(REQUESTS, SIGNERS, CREDENTIALS, MOMENTS)
def test_a_request_is_signed_as_botocore_signs_it(
    request: Request, signer: Signer, credentials: Credentials, now: datetime
) -> None:
    url = f"https://{signer.host}{request.path}"
    theirs = AWSRequest(request.method, url, dict(request.headers), request.body)
    frozen = ReadOnlyCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    with patch("botocore.auth.get_current_datetime", return_value=now):
        SigV4Auth(frozen, signer.service, signer.region).add_auth(theirs)
    ours = signer.headers(request, credentials, now)
    assert ours.pop("host") == signer.host
    assert ours == {name.lower(): value for name, value in theirs.headers.items()}


@given(PARAMS, SIGNERS, CREDENTIALS, MOMENTS)
def test_a_query_is_presigned_as_botocore_presigns_it(
    params: dict[str, str], signer: Signer, credentials: Credentials, now: datetime
) -> None:
    theirs = AWSRequest("GET", f"https://{signer.host}/", params=params)
    frozen = ReadOnlyCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    with patch("botocore.auth.get_current_datetime", return_value=now):
        SigV4QueryAuth(frozen, signer.service, signer.region, expires=900).add_auth(theirs)
    ours = signer.presigned_query(params, credentials, now, 900)
    assert sorted(ours.split("&")) == sorted(urlsplit(str(theirs.url)).query.split("&"))

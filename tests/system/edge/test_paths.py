"""What is asked for under a path or method that there is not: a problem that says what there is."""

from __future__ import annotations

import pytest

from tests.system.edge.conftest import OWNER
from tests.system.edge.inprocess import Deployment, http_event

ELSEWHERE = {
    "/api/order": "did you mean /api/orders?",
    "/api/orders/": "did you mean /api/orders?",
    "/api/v1/quotes": "did you mean /api/quotes?",
    "/openapi": "did you mean /openapi.json?",
    "/asyncapi.yaml": "did you mean /asyncapi.json?",
    "/api/orders/ord_1/status": "did you mean /api/orders/{order_id}?",
    "/xyz": "/docs lists them all",
    "/api/nothing": "there is no path /api/nothing; /docs lists them all",
    f"/{'x' * 9_000}": "/docs lists them all",
    "/console/1/nothing.js": "the console has no file nothing.js",
    "/errors/nothing": "there is no error nothing; /errors lists them all",
}


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: path[:40])
@pytest.mark.parametrize("key", [None, OWNER, "unknown"])
def test_an_unknown_path_says_what_there_is(functions: Deployment, path: str, key: str | None) -> None:
    answer = functions.http("GET", path, key=key)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (answer.json["code"], answer.json["type"]) == ("not_found", "/errors/not_found")
    assert ELSEWHERE[path] in str(answer.json["detail"])
    assert len(answer.text) < 500


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/orders", "GET"),
        ("GET", "/api/orders/execute", "POST"),
        ("PUT", "/api/orders/ord_1", "DELETE, GET, PATCH"),
        ("POST", "/health", "GET"),
        ("HEAD", "/", "GET"),
    ],
)
def test_a_path_without_that_method_says_which_it_has(
    functions: Deployment, method: str, path: str, allowed: str
) -> None:
    answer = functions.http(method, path, key=OWNER)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert answer.json["code"] == "method_not_allowed"
    assert answer.json["detail"] == f"there is no {method} {path}; it has {allowed}"


@pytest.mark.parametrize("key", [None, OWNER])
def test_a_problem_names_its_page_under_the_address_that_was_called(
    functions: Deployment, key: str | None
) -> None:
    event = http_event("GET", "/api/orders/ord_1", "", {} if key is None else {"x-api-key": key}, None)
    context = {**event["requestContext"], "domainName": "api.example.com"}  # type: ignore[dict-item]
    problem = functions.answer({**event, "requestContext": context}).json
    assert problem["type"] == f"https://api.example.com/errors/{problem['code']}"
    code = str(problem["code"])
    page = functions.http("GET", f"/errors/{code}")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"<h1><code>{code}</code></h1>" in page.text


def test_a_preflight_is_no_error(functions: Deployment) -> None:
    """With a route ``$default``, API Gateway passes OPTIONS on, and a browser wants a status of success."""
    for key in (None, OWNER):
        answer = functions.http("OPTIONS", "/api/orders/execute", key=key)
        assert (answer.status, answer.headers["allow"], answer.text) == (204, "POST, OPTIONS", "")


@pytest.mark.parametrize(
    ("method", "path", "query", "words"),
    [
        ("POST", "/api/orders/execute", {}, "the body is missing: send a JSON object"),
        ("POST", "/api/orders/cancel", {}, "the body is missing: send a JSON object"),
        ("GET", "/api/orders", {"status": "foo"}, "'cancelled', 'expired' or 'active'"),
        ("GET", "/api/orders", {"limit": "x"}, "must be an integer"),
    ],
)
def test_a_refusal_names_what_was_sent_and_no_type_of_ours(
    functions: Deployment, method: str, path: str, query: dict[str, str], words: str
) -> None:
    answer = functions.http(method, path, key=OWNER, query=query)
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    detail, field = str(answer.json["detail"]), next(iter(query), None)
    assert detail.endswith(words)
    assert "[" not in detail
    named = [{"field": field, "message": detail.removeprefix(f"{field}: ")}]
    assert answer.json.get("errors") == (named if field else None)

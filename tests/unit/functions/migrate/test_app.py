"""What the function that migrates the schema answers: CloudFormation waits for it, an hour if need be."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.migrate import app

ABOUT = {"StackId": "stack", "RequestId": "request", "LogicalResourceId": "Schema"}


def fail() -> list[str]:
    raise RuntimeError("a secret")


@pytest.mark.parametrize(
    ("asked", "migrate", "status", "reason"),
    [
        ("Create", lambda: ["001", "002"], "SUCCESS", "001, 002"),
        ("Update", list, "SUCCESS", "nothing to apply"),
        ("Update", fail, "FAILED", "RuntimeError; see its log"),
        ("Delete", fail, "SUCCESS", "nothing to apply"),
    ],
)
def test_cloudformation_is_answered(
    monkeypatch: pytest.MonkeyPatch, asked: str, migrate: Callable[[], list[str]], status: str, reason: str
) -> None:
    answers = []

    def request(*to: str, body: str, **_: object) -> SimpleNamespace:
        answers.append((to, json.loads(body)))
        return SimpleNamespace(status=200)

    monkeypatch.setattr("urllib3.request", request)
    monkeypatch.setattr(app, "container", lambda: SimpleNamespace(migrate=migrate))
    app.handler({**ABOUT, "RequestType": asked, "ResponseURL": "https://answer"}, LambdaContext())
    answer = {**ABOUT, "Status": status, "Reason": reason, "PhysicalResourceId": "dexec-schema"}
    assert answers == [(("PUT", "https://answer"), answer)]

"""What dexec doctor finds, and that each fault comes with what to do about it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from infra.local import processes
from infra.local.home import Home
from infra.operators.doctor import account, machine
from infra.operators.doctor.finding import Finding, Grade
from tests.support.homes import state


def assert_finding(finding: Finding, grade: Grade, *words: str) -> None:
    assert finding.grade is grade
    assert bool(finding.fix) == (grade is not Grade.OK)
    for word in words:
        assert word in f"{finding.text} {finding.fix}"


@pytest.mark.parametrize(
    ("version", "grade"),
    [((3, 10), Grade.PROBLEM), ((3, 11), Grade.OK), ((3, 13), Grade.OK), ((3, 14), Grade.PROBLEM)],
)
def test_python(version: tuple[int, int], grade: Grade) -> None:
    assert_finding(machine.python(version), grade, *(["make clean setup"] if grade is Grade.PROBLEM else []))


def test_packages(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "httpx==0.28.1 \\\n    --hash=sha256:00\n    # via -r x\n"
        "gone==1.0 ; python_full_version < '3'\nmoto[server]==5.1\nabsent==2.0 \\\n"
    )
    versions = {"httpx": "0.28.1", "moto": "5.0"}

    def installed(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    assert_finding(
        machine.packages(lock, installed),
        Grade.PROBLEM,
        "moto is 5.0, not 5.1",
        "absent is missing",
        "make setup",
    )
    versions |= {"moto": "5.1", "absent": "2.0"}
    assert_finding(machine.packages(lock, installed), Grade.OK)


def test_programs_that_are_missing_are_notes() -> None:
    found = list(machine.programs(lambda name: "/usr/bin/curl" if name == "curl" else None))
    assert [finding.grade for finding in found][:3] == [Grade.OK, Grade.NOTE, Grade.NOTE]
    assert_finding(found[1], Grade.NOTE, "wscat", "Node", "dexec watch")


def test_a_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert_finding(
            machine.port("the emulator", taken, Home(tmp_path)), Grade.NOTE, "taken", "dexec status"
        )
    assert_finding(machine.port("the emulator", processes.free_port(0), Home(tmp_path)), Grade.OK, "free")


def test_write_access(tmp_path: Path) -> None:
    assert_finding(machine.write_access(tmp_path / "not" / "yet"), Grade.OK)
    (tmp_path / "file").touch()
    assert_finding(
        machine.write_access(tmp_path / "file" / "home"), Grade.PROBLEM, "not a directory", "--home"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_write_access_that_is_missing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert_finding(machine.write_access(tmp_path), Grade.PROBLEM, "not writable", "chmod")


def test_disk(tmp_path: Path) -> None:
    full = shutil._ntuple_diskusage(100, 99, 1)
    assert_finding(machine.disk(tmp_path, lambda _: full), Grade.PROBLEM, "0.0 GB free", "make room")
    assert_finding(machine.disk(tmp_path / "new", lambda _: full._replace(free=1 << 40)), Grade.OK)


def test_a_deployment(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert_finding(machine.deployment(home), Grade.OK, "none runs")
    home.write(state())
    assert_finding(machine.deployment(home), Grade.OK, "runs")
    home.write(state(ready=False))
    assert_finding(machine.deployment(home), Grade.PROBLEM, "not started completely", "dexec up --detach")
    gone = processes.ProcessRef(name="emulator", pid=2**22 + 1, started=0, port=1)
    home.write(state(processes=(gone,)))
    assert_finding(
        machine.deployment(home), Grade.PROBLEM, "emulator ended unexpectedly", "dexec up --detach"
    )


def test_an_emulator_that_no_deployment_knows_is_found(tmp_path: Path) -> None:
    """Started by a parent that ends, as a killed ``dexec`` leaves it behind."""
    idle = "import time; time.sleep(60)"
    orphan = [sys.executable, "-X", f"dexec={tmp_path}/tmp", "-c", idle]
    leave = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], stdout=-3, stderr=-3).pid)"
    left = subprocess.run([sys.executable, "-c", leave, *orphan], capture_output=True, text=True, check=True)
    pid = int(left.stdout)
    try:
        deadline = time.monotonic() + 20
        while f"pid {pid}" not in (finding := machine.strays(0)).text and time.monotonic() < deadline:
            time.sleep(0.05)
        assert_finding(finding, Grade.PROBLEM, f"pid {pid} of {tmp_path}", "kill -9", str(pid))
    finally:
        os.kill(pid, 9)


def allowing(invocations: int) -> dict[str, object]:
    return {"AccountLimit": {"ConcurrentExecutions": invocations}}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Return what moto, which has no account settings, is overruled with, by operation."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    overruled: dict[str, object] = {"GetAccountSettings": allowing(1000)}
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answered(client: BaseClient, operation: str, *arguments: object) -> object:
        answer = overruled.get(operation)
        if isinstance(answer, Exception):
            raise answer
        return answer or call(client, operation, *arguments)

    with mock_aws():
        monkeypatch.setattr(BaseClient, "_make_api_call", answered)
        yield overruled


@pytest.mark.usefixtures("aws")
def test_an_account_that_is_fit() -> None:
    found = list(account.examine())
    assert {finding.grade for finding in found} == {Grade.OK}
    assert "arn:aws:sts::123456789012" in found[0].text


@pytest.mark.usefixtures("aws")
def test_the_region_is_read_where_the_advice_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    (region,) = account.examine()
    assert_finding(region, Grade.PROBLEM, "AWS_DEFAULT_REGION")
    monkeypatch.setenv(*region.fix.removeprefix("set one: export ").split("="))
    assert "us-east-1" in next(account.examine()).text


def test_an_account_without_credentials(aws: dict[str, object]) -> None:
    aws["GetCallerIdentity"] = NoCredentialsError()
    (nobody,) = account.examine()
    assert_finding(nobody, Grade.PROBLEM, "aws sso login")


def test_a_new_account_cannot_reserve_concurrency(aws: dict[str, object]) -> None:
    aws["GetAccountSettings"] = allowing(10)
    _, concurrency, _ = account.examine()
    assert_finding(concurrency, Grade.PROBLEM, "10 invocations", "ReserveConcurrency=false", "L-B99A9384")


def test_a_quota_that_may_not_be_read_is_a_note(aws: dict[str, object]) -> None:
    aws["GetAccountSettings"] = ClientError({"Error": {"Code": "AccessDenied"}}, "GetAccountSettings")
    _, concurrency, database = account.examine()
    assert_finding(concurrency, Grade.NOTE, "lambda:GetAccountSettings")
    assert database.grade is Grade.OK


def test_a_region_without_dsql(aws: dict[str, object]) -> None:
    aws["ListClusters"] = EndpointConnectionError(endpoint_url="https://dsql.us-east-2.api.aws")
    *_, database = account.examine()
    assert_finding(database, Grade.PROBLEM, "us-east-2", "docs/deploy.md")


def test_a_region_that_refuses_to_list_clusters_offers_dsql(aws: dict[str, object]) -> None:
    aws["ListClusters"] = ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListClusters")
    *_, database = account.examine()
    assert_finding(database, Grade.OK)

"""docker-compose.yml: what starts, in which order, and who can reach it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from infra.cli.main import app
from infra.json_types import Json, Node
from infra.local.guard import Rules
from infra.local.home import PROJECT
from infra.release.containers.database_url import database_url
from tests.release.packaging.transformed import listed
from tests.support.programs import output

FILE = PROJECT / "docker-compose.yml"
EXAMPLE = PROJECT / ".env.example"
SERVICES = cast("dict[str, Node]", yaml.safe_load(FILE.read_text())["services"])
SCRIPT = PROJECT / "infra" / "release" / "containers" / "deploy.sh"
PROFILES = ("ministack", "localstack")


def compose() -> list[str]:
    """Return the command that checks compose files here; Docker's plugin, or the older program."""
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if plugin.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    pytest.skip("neither docker compose nor docker-compose is installed")


@pytest.mark.parametrize("profile", PROFILES)
def test_compose_takes_the_file(profile: str, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    options = ("--env-file", EXAMPLE, "--profile", profile, "-f", FILE)
    services = yaml.safe_load(output(*compose(), *options, "config", env=environ))["services"]
    assert set(services) >= {"postgres", profile, f"deploy-{profile}"}


def test_the_example_names_every_variable_and_no_secret() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if "=" in line and not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines)
    text = FILE.read_text()
    used = {part.split("}")[0].split(":")[0] for part in text.split("${")[1:]}
    assert used == values.keys() - {"COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"}
    assert (values["COMPOSE_PROFILES"], values["LOCALSTACK_AUTH_TOKEN"]) == ("ministack", "")


def test_everything_listens_on_loopback_only() -> None:
    published = [str(port) for service in SERVICES.values() for port in listed(service.get("ports"))]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert not any("host" in str(service.get("network_mode")) for service in SERVICES.values())


def test_what_lasts_has_a_health_check_that_others_wait_for() -> None:
    for name, service in SERVICES.items():
        waits = _waits(name)
        assert all(condition["condition"] == "service_healthy" for condition in waits.values())
        assert bool(service.get("healthcheck")) != name.startswith("deploy-"), name
        assert bool(waits) == (name != "network")


def test_restarting_the_database_or_the_emulator_strands_neither() -> None:
    """The shared network namespace ends with the container that it belongs to."""
    owner, *rest = SERVICES
    assert owner == "network"
    assert not SERVICES[owner].get("environment"), "it serves nothing, so there is no reason to restart it"
    for name in rest:
        assert SERVICES[name]["network_mode"] == f"service:{owner}", name
        if not name.startswith("deploy-"):
            # Who restarts it nevertheless restarts those that would be left in the old namespace.
            assert _waits(name)[owner] == {"condition": "service_healthy", "restart": True}
    check = cast("dict[str, list[str]]", SERVICES["ministack"]["healthcheck"])["test"]
    assert check[-2:] == ["infra.release.containers.healthy", "${POSTGRES_PORT:-54321}"]


def _waits(name: str) -> dict[str, dict[str, Json]]:
    return cast("dict[str, dict[str, Json]]", SERVICES[name].get("depends_on", {}))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_deployment_runs_once_with_options_that_exist(profile: str) -> None:
    service = SERVICES[f"deploy-{profile}"]
    assert service["restart"] == "no"
    script, *options = cast("list[str]", service["command"])[1:]
    text = (PROJECT / script).read_text() + " ".join(options)
    (command,) = [command for command in app.registered_commands if _name(command.callback) == "deploy"]
    assert command.callback is not None
    known = {f"--{name.replace('_', '-')}" for name in command.callback.__annotations__} | {"--set"}
    used = {word for word in text.split("dexec deploy", 2)[-1].split() if word.startswith("--")}
    assert {"--built", "--endpoint", "--set"} <= used
    assert used <= known


def _name(function: object) -> str:
    return str(getattr(function, "__name__", ""))


def test_the_emulator_is_the_process_that_refuses_web_pages() -> None:
    service = SERVICES["ministack"]
    assert service["command"] == ["python", "-m", "infra.local.serve"]
    environment = cast("dict[str, str]", service["environment"])
    port = environment["GATEWAY_PORT"]
    assert port == "${EMULATOR_PORT:-4566}"
    assert Rules.from_environ(environment | {"GATEWAY_PORT": "4566"}) == Rules(4566, frozenset({"postgres"}))
    assert environment["BIND_HOST"] == "0.0.0.0"
    published = [str(port) for port in listed(SERVICES["network"]["ports"])]
    assert f"127.0.0.1:{port}:{port}" in published


def test_the_emulators_port_is_a_variable_everywhere() -> None:
    text = FILE.read_text()
    assert text.count("4566") == text.count("${EMULATOR_PORT:-4566}")
    assert "4566" not in SCRIPT.read_text()


def test_a_password_may_have_any_characters() -> None:
    """Compose cannot encode it, so no URL is put together there."""
    assert "postgresql://" not in FILE.read_text()
    password = "p@ss/w:o?r#d %41 é"
    environ = {"POSTGRES_HOST": "postgres", "POSTGRES_PORT": "54321", "POSTGRES_PASSWORD": password}
    parsed = conninfo_to_dict(database_url(environ))
    assert (parsed["password"], parsed["host"], parsed["port"]) == (password, "postgres", "54321")
    assert (parsed["user"], parsed["dbname"]) == ("dexec", "dexec")
    assert "database_url" in SCRIPT.read_text()

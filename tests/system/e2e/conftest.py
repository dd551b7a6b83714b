"""One deployment for all end-to-end tests of a run.

It lives in a directory of its own, on free ports, with zero simulated latency. ``DEXEC_ENDPOINT`` (and
``DATABASE_URL``) name an emulator that runs already: the tests deploy to that one instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra.local import deployment, rollout
from tests.support.homes import new_home
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.evidence import cancel_what_waits
from tests.system.e2e.frames import Watch

ZERO_LATENCY = {"PaperLatency": "none"}
HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share a deployment in one worker; files with deployments of their own go elsewhere.

    Those that share are in two parts, each with a deployment, so that no worker is still at them at the end.
    First, because xdist reads the groups in the same hook.
    """
    ours = [item for item in items if isinstance(item, pytest.Function) and item.path.is_relative_to(HERE)]
    console = {item.path for item in ours if item.path.is_relative_to(HERE / "console")}
    shared = sorted({item.path for item in ours if "deployment" in item.fixturenames} - console)
    part = {path: f"e2e {number % 2}" for number, path in enumerate(shared)}
    part |= dict.fromkeys(console, "console")
    for item in ours:
        group = "congested" if "congested" in item.fixturenames else part.get(item.path, item.path.stem)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="module", autouse=True)
def frames() -> Iterator[Watch]:
    """Hold every frame that a test receives against the AsyncAPI document."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        watch.install(patch)
        yield watch
    assert not watch.faults, "\n".join(watch.faults[:10])


@pytest.fixture(scope="session")
def deployment_factory() -> Iterator[Callable[[dict[str, str]], Deployed]]:
    """Start further deployments with template parameters of their own; all are stopped at the end."""
    with ExitStack() as stack:

        def start(parameters: dict[str, str]) -> Deployed:
            home = stack.enter_context(new_home())
            stack.callback(deployment.down, home)
            options = deployment.Options(port=0, parameters=parameters, durable=False)
            return Deployed(deployment.up(home, options).state, home)

        yield start


@pytest.fixture(scope="session", name="deployment")
def shared_deployment(deployment_factory: Callable[[dict[str, str]], Deployed]) -> Deployed:
    """Return the deployment that tests share."""
    endpoint = os.environ.get("DEXEC_ENDPOINT")
    if not endpoint:
        return deployment_factory(ZERO_LATENCY)
    return Deployed(rollout.deploy(endpoint, os.environ["DATABASE_URL"], ZERO_LATENCY), None)


@pytest.fixture
def quiet(deployment: Deployed) -> Deployed:
    """Return that deployment where nothing waits: it cancels what another test left, also a failed one."""
    if deployment.home is None:
        pytest.skip("this deployment has no home directory")
    cancel_what_waits(deployment, deployment.home)
    return deployment

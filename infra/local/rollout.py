"""Deploys to a running emulator: packages, template, dropped properties, the local key, warm workers."""

from __future__ import annotations

import json
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.json_types import Node
from infra.local import ids, readback, secret, stack, versions
from infra.local.aws import Aws
from infra.local.errors import DeployFailed
from infra.local.home import PROJECT, State
from infra.local.keys import create_key
from infra.local.stack import Prepared, Stack
from infra.local.warm import warming
from infra.local.workers import default_workers

LOCAL_KEY = "local"
"""The API key of a local deployment: not a secret, it gives access to this machine's paper market only."""


def prepare(project: Path) -> Prepared:
    """Make what a new stack needs, before there is an emulator to deploy it to.

    Raises ``DeployFailed``.
    """
    Aws.load()
    return stack.prepare(project, is_new=True)


def roll_out(state: State, project: Path, prepared: Prepared | None = None) -> tuple[State, Stack]:
    """Deploy from ``project``, or what was ``prepared`` of it where there is no stack yet.

    Requests are served when this returns. Raises ``DeployFailed``.
    """
    aws = Aws(state.endpoint_url)
    parameters = parameters_of(state) | {"DatabaseSecretArn": secret.ensure(aws, state.database_url)}
    deployed = stack.deploy(aws, project, parameters, prepared)
    with warming(aws, state.http_url, deployed, state.workers or default_workers()):
        readback.complete(aws, deployed)
        create_key(state.database_url, LOCAL_KEY)
    return state.model_copy(update={"ready": True}), deployed


def deploy(endpoint: str, database_url: str, parameters: dict[str, str], project: Path = PROJECT) -> State:
    """Deploy to an emulator and a PostgreSQL that run already, and create the local key there.

    Raises ``DeployFailed``, before anything changes where the emulator cannot run what was built.
    """
    versions.check(Aws(endpoint), project)
    return roll_out(state_of(endpoint, database_url, parameters), project)[0]


def sweep(state: State, lost_after_s: int | None = None) -> None:
    """Have the sweeper look for orders whose message was lost, soon; None is its default delay.

    Raises ``DeployFailed``.
    """
    event: Node = {} if lost_after_s is None else {"lostAfterSeconds": lost_after_s}
    _start(state, "SweeperFunction", event, "sweeper")


def watch(state: State) -> None:
    """Have the market watched if orders wait, before the schedule's first minute is over.

    Raises ``DeployFailed``.
    """
    _start(state, "TriggerFunction", {}, "trigger")


def _start(state: State, output: str, event: Node, name: str) -> None:
    """Invoke the function that an output names, without waiting for its end."""
    aws = Aws(state.endpoint_url)
    function = stack.outputs(aws)[output]
    try:
        aws.functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
    except (ClientError, BotoCoreError) as exc:
        raise DeployFailed(f"the {name} at {state.endpoint_url} cannot be invoked: {exc}") from exc


def state_of(endpoint: str, database_url: str, parameters: dict[str, str]) -> State:
    """Return how a deployment is reached through an emulator's endpoint."""
    apis = f"{endpoint.rstrip('/')}/_aws/execute-api"
    sockets = apis.replace("http", "ws", 1)
    return State(
        http_url=f"{apis}/{ids.HTTP_API_ID}",
        websocket_url=f"{sockets}/{ids.WEBSOCKET_API_ID}/{ids.WEBSOCKET_STAGE}",
        api_key=LOCAL_KEY,
        database_url=database_url,
        endpoint_url=endpoint,
        parameters=parameters,
    )


def parameters_of(state: State) -> dict[str, str]:
    """Return the template's parameters: addresses have to be given where API Gateway does not return them.

    Storage costs nothing here: what is asked for on this machine stays. Endpoints may be on it, too. Prices
    can be moved with ``dexec market``.
    """
    return {
        "AllowLocalWebhooks": "true",
        "PaperTape": "live",
        "RetentionDays": "0",
        "HttpUrl": state.http_url,
        "WebSocketUrl": state.websocket_url,
        "WebSocketCallbackUrl": state.websocket_url.replace("ws", "http", 1),
        **state.parameters,
    }

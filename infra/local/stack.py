"""Deploys one CloudFormation stack: uploads packages, deploys the template, reads the outputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from infra.json_types import Node
from infra.local.aws import Aws
from infra.local.errors import DeployFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

NAME = "dexec"
_BUCKET = "dexec-deployment"
_CAPABILITIES: tuple[CapabilityType, ...] = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
_POLL_S = 0.05


class Stack:
    """The stack as it stands: the template that was deployed, its parameters and its outputs."""

    def __init__(self, source: Node, parameters: dict[str, str], outputs: dict[str, str]) -> None:
        self.template = source
        self.parameters = parameters
        self.outputs = outputs


class Prepared(NamedTuple):
    """A checkout as it is deployed: its template, the body sent to CloudFormation, and packages by keys."""

    source: Node
    body: str
    packages: dict[str, bytes]


def prepare(project: Path, *, is_new: bool) -> Prepared:
    """Return the checkout at ``project``, with its template pointing to its code. Raises ``DeployFailed``."""
    # Reading YAML takes time to load, which whoever only asks for outputs need not wait for.
    from infra.local import package, sam, template

    source, packaged = (template.load(project / "template.yaml") for _ in range(2))
    packages = {}
    for name, (properties, location) in template.code_properties(packaged).items():
        directory = project / str(properties[location])
        content = package.layer_zip(directory) if name == "Layer" else package.function_zip(directory)
        key = package.key(content, name)
        packages[key] = content
        properties[location] = {"Bucket": _BUCKET, "Key": key}
    template.for_emulator(packaged, is_new=is_new)
    return Prepared(source, sam.expanded(packaged), packages)


def deploy(
    aws: Aws,
    project: Path,
    parameters: Mapping[str, str],
    prepared: Prepared | None = None,
    timeout_s: float = 60,
) -> Stack:
    """Create the stack, or update it, from the checkout at ``project``.

    What is ``prepared`` creates it: there is none yet then. Raises ``DeployFailed`` with the reasons that
    CloudFormation gives.
    """
    try:
        is_new = prepared is not None or not _status(aws)
        prepared = prepared or prepare(project, is_new=is_new)
        _apply(aws, prepared, parameters, is_new=is_new)
        _wait(aws, timeout_s)
        return read(aws, prepared.source)
    except (ClientError, BotoCoreError) as exc:
        raise DeployFailed(f"deploying to {aws.endpoint_url} failed: {exc}") from exc


def read(aws: Aws, source: Node) -> Stack:
    """Return the stack that is deployed, as made from ``source``. Raises botocore's errors."""
    found = aws.cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
    return Stack(
        source,
        {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])},
        {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
    )


def outputs(aws: Aws) -> dict[str, str]:
    """Return the outputs of the deployed stack. Raises ``DeployFailed`` when there is none."""
    try:
        return read(aws, {}).outputs
    except (ClientError, BotoCoreError) as exc:
        raise DeployFailed(f"no stack {NAME} at {aws.endpoint_url}: {exc}") from exc


def _apply(aws: Aws, prepared: Prepared, parameters: Mapping[str, str], *, is_new: bool) -> None:
    template_key = "template.json"
    aws.s3.create_bucket(Bucket=_BUCKET)
    for key, content in (*prepared.packages.items(), (template_key, prepared.body.encode())):
        aws.s3.put_object(Bucket=_BUCKET, Key=key, Body=content)
    url = f"{aws.endpoint_url}/{_BUCKET}/{template_key}"
    values: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
    ]
    call = aws.cloudformation.create_stack if is_new else aws.cloudformation.update_stack
    try:
        call(StackName=NAME, TemplateURL=url, Parameters=values, Capabilities=_CAPABILITIES)
    except ClientError as exc:
        if "No updates are to be performed" not in str(exc):
            raise


def _status(aws: Aws) -> str:
    """Return the stack's status; empty when there is no stack."""
    try:
        return aws.cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]
    except ClientError as exc:
        if "does not exist" in str(exc):
            return ""
        raise


def _wait(aws: Aws, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while (status := _status(aws)).endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeployFailed(
                f"the stack was still {status} after {timeout_s:.0f} s; a function that crashed says why in "
                f"the emulator's log: emulator.log under --home after dexec up, in containers "
                f"docker compose logs ministack\n{_reasons(aws)}"
            )
        time.sleep(_POLL_S)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise DeployFailed(f"the stack ended as {status or 'deleted'}\n{_reasons(aws)}")


def _reasons(aws: Aws) -> str:
    events = aws.cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
    failed = [e for e in events if "FAILED" in e.get("ResourceStatus", "") and e.get("ResourceStatusReason")]
    return "\n".join(f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in reversed(failed))

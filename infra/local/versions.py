"""Compares what ``sam build`` built for with what an emulator's functions run on, before a deployment.

Binary packages load in the Python version and on the processor that they were built for, nowhere else. A
function that cannot load never answers CloudFormation, which waits for the schema until its time is up.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import package
from infra.local.aws import Aws
from infra.local.errors import DeployFailed

if TYPE_CHECKING:
    from mypy_boto3_lambda.literals import ArchitectureType

RUNTIME: Final = "python3.13"
"""What template.yaml asks for; an emulator that runs functions in its own interpreter ignores it."""

_BINARY = re.compile(r"\.cpython-3(?P<minor>\d+)-(?P<machine>[a-z0-9_]+?)-linux-gnu\.so$")
_ARCHITECTURES: dict[str, ArchitectureType] = {"x86_64": "x86_64", "aarch64": "arm64"}
_PROBE = """\
import platform, sys

def handler(event, context):
    return {"minor": sys.version_info[1], "machine": platform.machine()}
"""


class Platform(NamedTuple):
    """Python 3.``minor`` on a processor, as Linux names it (x86_64, aarch64)."""

    minor: int
    machine: str

    def __str__(self) -> str:
        """Return it in words."""
        return f"Python 3.{self.minor} on {self.machine}"


def check(aws: Aws, project: Path) -> None:
    """Raise ``DeployFailed`` where ``project`` holds binary packages that the emulator cannot load."""
    built = built_for(project)
    if built is None:
        return
    found = of_emulator(aws, built.machine)
    if found != built:
        raise DeployFailed(
            f"{project} was built for {built}, and the functions of {aws.endpoint_url} run on {found}: they "
            f"would not load. Nothing was deployed. Run the emulator on Python 3.{built.minor} and "
            f"{built.machine}; or leave out --built, where the emulator runs in a .venv of this checkout"
        )


def built_for(project: Path) -> Platform | None:
    """Return what the binary packages below a directory were built for; None where there are none."""
    for path in sorted(project.rglob("*.so")):
        if made := _BINARY.search(path.name):
            return Platform(int(made["minor"]), made["machine"])
    return None


def of_emulator(aws: Aws, machine: str) -> Platform:
    """Ask a function that is made for it and deleted again; ``machine`` is what it should run on.

    Raises ``DeployFailed``.
    """
    name = f"dexec-probe-{token_hex(4)}"
    try:
        aws.functions.create_function(
            FunctionName=name,
            Runtime=RUNTIME,
            Architectures=[_ARCHITECTURES.get(machine, "x86_64")],
            Role="arn:aws:iam::000000000000:role/dexec-probe",
            Handler="probe.handler",
            Timeout=30,
            Code={"ZipFile": package.zipped([("probe.py", _PROBE.encode())])},
        )
        try:
            aws.functions.get_waiter("function_active_v2").wait(
                FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
            )
            answer = json.loads(aws.functions.invoke(FunctionName=name)["Payload"].read())
            return Platform(int(answer["minor"]), str(answer["machine"]))
        finally:
            aws.functions.delete_function(FunctionName=name)
    except (ClientError, BotoCoreError, ValueError, KeyError, TypeError) as exc:
        raise DeployFailed(
            f"{aws.endpoint_url} did not say which Python it runs functions on: {exc}"
        ) from exc

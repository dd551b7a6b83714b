"""The faults that are injected into a local deployment."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import psutil

from infra.local import deployment, fork_server, postgres, processes, stack
from infra.local.aws import Aws
from infra.local.errors import NotRunning
from infra.local.home import Home

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import EnvironmentResponseTypeDef

EXECUTOR = "ExecutorFunction"


def workers(home: Home, function: str = EXECUTOR) -> list[psutil.Process]:
    """Return the processes that run one of the functions at the moment, by its name in the template."""
    prefix = f"{home.scratch}{os.sep}ministack-lambda-{stack.NAME}-{function}-"
    found = processes.with_arguments(lambda argv: any(argument.startswith(prefix) for argument in argv))
    # What workers are forked from runs nothing itself.
    return [process for process in found if not _is_template(process)]


def _is_template(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.name() == fork_server.TEMPLATE
    return False


def kill_workers(home: Home, function: str = EXECUTOR) -> int:
    """Kill a function's processes as ``kill -9`` does; return how many there were."""
    killed = 0
    for worker in workers(home, function):
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.kill()
            killed += 1
    return killed


def kill_one_worker(home: Home, lot: random.Random) -> bool:
    """Kill one of the executor's processes, chosen by ``lot``; False if there was none."""
    found = workers(home)
    if not found:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        lot.choice(found).kill()
    return True


@contextlib.contextmanager
def postgres_stopped(home: Home) -> Iterator[None]:
    """Stop PostgreSQL while the body runs; it comes back on the same port with what was committed."""
    state = home.read()
    ref = state.process(postgres.NAME) if state else None
    if state is None or ref is None:
        raise NotRunning(f"no {postgres.NAME} runs under {home.root}")
    deployment.kill(home, postgres.NAME)
    try:
        yield
    finally:
        again = postgres.start(home, port=ref.port)
        others = tuple(process for process in state.processes if process.name != postgres.NAME)
        home.write(state.model_copy(update={"processes": (again, *others)}))


@contextlib.contextmanager
def postgres_frozen(home: Home) -> Iterator[None]:
    """Let PostgreSQL hang while the body runs: it takes connections and statements, and answers nothing."""
    state = home.read()
    ref = state.process(postgres.NAME) if state else None
    if ref is None:
        raise NotRunning(f"no {postgres.NAME} runs under {home.root}")
    server = psutil.Process(ref.pid)
    frozen = [server, *server.children(recursive=True)]
    _signal(frozen, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(frozen, signal.SIGCONT)


def _signal(group: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in group:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


@contextlib.contextmanager
def reconfigured(aws: Aws, function: str, **changes: str) -> Iterator[None]:
    """Change environment variables of a function while the body runs; its workers start anew."""
    name = _output(aws, function)
    before = _environment(aws, name).get("Variables", {})
    _set_environment(aws, name, before | changes)
    try:
        yield
    finally:
        _set_environment(aws, name, before)


def _environment(aws: Aws, name: str) -> EnvironmentResponseTypeDef:
    return aws.functions.get_function_configuration(FunctionName=name).get("Environment", {})


def _set_environment(aws: Aws, name: str, variables: dict[str, str]) -> None:
    aws.functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    aws.functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


@contextlib.contextmanager
def executor_stopped(aws: Aws) -> Iterator[None]:
    """Keep the queue from being read while the body runs."""
    mapping = _output(aws, "ExecutorMapping")
    aws.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        aws.functions.update_event_source_mapping(UUID=mapping, Enabled=True)


def delete_messages(aws: Aws, count: int) -> int:
    """Take up to ``count`` visible messages from the order queue and delete them; return how many."""
    url = _output(aws, "OrderQueueUrl")
    deleted = 0
    while deleted < count:
        batch = min(10, count - deleted)
        answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=batch)
        messages = answer.get("Messages", [])
        for message in messages:
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        deleted += len(messages)
        if not messages:
            break
    return deleted


def sweep(aws: Aws) -> None:
    """Run the sweeper now instead of at the next minute."""
    aws.functions.invoke(FunctionName=_output(aws, "SweeperFunction"))


def _output(aws: Aws, name: str) -> str:
    """Return an output of the stack. Raises ``LocalError`` while there is none, as during a deploy."""
    found = stack.outputs(aws).get(name)
    if found is None:
        raise NotRunning(f"the stack at {aws.endpoint_url} has no output {name} yet")
    return found

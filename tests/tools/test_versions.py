"""A build and the emulator that shall run it: the same Python on the same processor, or a refusal first."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, cast

import pytest

from infra.json_types import Node
from infra.local import rollout, template, versions
from infra.local.aws import Aws
from infra.local.errors import DeployFailed
from infra.local.home import PROJECT
from infra.local.versions import Platform


class Functions:
    """Lambda of an emulator whose functions answer ``answer``, or that fails."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.made: list[dict[str, Any]] = []
        self.names: set[str] = set()

    def create_function(self, **wanted: Any) -> None:
        self.made.append(wanted)
        self.names.add(wanted["FunctionName"])

    def get_waiter(self, _: str) -> Functions:
        return self

    def wait(self, **_: object) -> None:
        """It is active at once."""

    def invoke(self, FunctionName: str) -> dict[str, io.BytesIO]:  # noqa: N803
        assert FunctionName in self.names
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode())}

    def delete_function(self, FunctionName: str) -> None:  # noqa: N803
        self.names.remove(FunctionName)


class Emulator:
    endpoint_url = "http://localhost:4566"

    def __init__(self, answer: object) -> None:
        self.functions = Functions(answer)


def built(root: Path, tag: str) -> Path:
    package = root / "Layer" / "python" / "pydantic_core"
    package.mkdir(parents=True)
    (root / "Layer" / "libgcc.so").touch()
    (package / f"_pydantic_core.{tag}.so").touch()
    return root


@pytest.mark.parametrize(
    ("tag", "platform"),
    [
        ("cpython-313-x86_64-linux-gnu", Platform(13, "x86_64")),
        ("cpython-313-aarch64-linux-gnu", Platform(13, "aarch64")),
        ("cpython-311-x86_64-linux-gnu", Platform(11, "x86_64")),
        ("abi3", None),
    ],
)
def test_what_was_built_says_what_it_was_built_for(
    tag: str, platform: Platform | None, tmp_path: Path
) -> None:
    assert versions.built_for(built(tmp_path, tag)) == platform


@pytest.mark.parametrize("answer", [{"minor": 11, "machine": "x86_64"}, {"minor": 13, "machine": "aarch64"}])
def test_a_build_for_another_platform_is_refused_before_anything_is_deployed(
    answer: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = Emulator(answer)
    monkeypatch.setattr(rollout, "Aws", lambda _: emulator)
    monkeypatch.setattr(rollout, "roll_out", lambda *_: pytest.fail("deployed"))
    project = built(tmp_path, "cpython-313-x86_64-linux-gnu")
    with pytest.raises(
        DeployFailed, match=r"built for Python 3\.13 on x86_64.*Nothing was deployed.*--built"
    ):
        rollout.deploy(emulator.endpoint_url, "postgresql://x", {}, project)
    assert emulator.functions.names == set(), "the probe is deleted"
    assert emulator.functions.made[0]["Architectures"] == ["x86_64"]


def test_a_build_for_the_emulators_platform_is_deployed(tmp_path: Path) -> None:
    emulator = Emulator({"minor": 13, "machine": "aarch64"})
    project = built(tmp_path, "cpython-313-aarch64-linux-gnu")
    versions.check(cast(Aws, emulator), project)
    assert emulator.functions.made[0]["Architectures"] == ["arm64"]


def test_sources_are_deployed_without_a_question(tmp_path: Path) -> None:
    emulator = Emulator(None)
    versions.check(cast(Aws, emulator), tmp_path)
    assert not emulator.functions.made


@pytest.mark.parametrize("answer", [{"errorMessage": "no module"}, None, "text"])
def test_an_emulator_that_does_not_say_is_told(answer: object, tmp_path: Path) -> None:
    emulator = Emulator(answer)
    with pytest.raises(DeployFailed, match="did not say which Python"):
        versions.of_emulator(cast(Aws, emulator), "x86_64")
    assert emulator.functions.names == set()


def test_the_probe_runs_on_the_functions_runtime() -> None:
    settings = cast("dict[str, Node]", template.load(PROJECT / "template.yaml")["Globals"])["Function"]
    assert settings["Runtime"] == versions.RUNTIME

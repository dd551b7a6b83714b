"""What the emulator leaves out, and what it must not."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import botocore.session
import pytest

from infra.local import lean

NAMES = {"apigateway": "apigatewayv2"}
"""Where botocore's name is another than the emulator's."""


def archive(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in files.items():
            made.writestr(zipfile.ZipInfo(f"{name}.py"), text)
    return path


def unpacked(source: Path, target: Path) -> Path:
    target.mkdir()
    with lean.SharedZip(source) as opened:
        opened.extractall(target)
    return target


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    lean._layers.cache_clear()
    return tmp_path


@pytest.mark.parametrize("service", lean.PROTOCOLS)
def test_protocols_are_those_of_botocore(service: str) -> None:
    model = botocore.session.get_session().get_service_model(NAMES.get(service, service))
    known = lean.PROTOCOLS[service]
    assert known["protocol"] == model.metadata["protocol"]
    if known["protocol"] == "json":
        assert known["jsonVersion"] == model.metadata["jsonVersion"]


def test_a_model_is_loaded_when_more_than_its_protocol_is_asked_for() -> None:
    loaded: list[str] = []

    class Whole:
        operation_names = ("Invoke",)

    def load(service: str) -> Whole:
        loaded.append(service)
        return Whole()

    model = lean.with_known_protocols(load)
    known = model("lambda")
    assert known.metadata["protocol"] == "rest-json"
    assert loaded == []
    assert known.operation_names == ("Invoke",)
    assert isinstance(model("ec2"), Whole)
    assert loaded == ["lambda", "ec2"]


def test_equal_layers_share_their_files_and_others_do_not(scratch: Path) -> None:
    first, second, other = (scratch / name for name in ("first", "second", "other"))
    for folder in (first, second, other):
        folder.mkdir()
    targets = [
        unpacked(archive(folder / "layer_0.zip", part=text), folder / "layer_0")
        for folder, text in ((first, "1"), (second, "1"), (other, "2"))
    ]
    assert [(target / "part.py").read_text() for target in targets] == ["1", "1", "2"]
    inodes = [(target / "part.py").stat().st_ino for target in targets]
    assert inodes[0] == inodes[1] != inodes[2]


def test_a_function_has_a_directory_of_its_own(scratch: Path) -> None:
    source = archive(scratch / "code.zip", app="1")
    target = unpacked(source, scratch / "code")
    assert not target.is_symlink()
    assert (target / "app.py").read_text() == "1"


def test_a_layer_cannot_leave_its_directory(scratch: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("../../escaped.py", "1")
    source = scratch / "layer_0.zip"
    source.write_bytes(content.getvalue())
    target = unpacked(source, scratch / "layer_0")
    assert list(scratch.rglob("escaped.py")) == [target.resolve() / "escaped.py"]


def test_functions_that_start_together_unpack_a_layer_once(scratch: Path) -> None:
    content = {f"part{number}": "1" for number in range(50)}
    folders = [scratch / str(number) for number in range(8)]
    for folder in folders:
        folder.mkdir()
        archive(folder / "layer_0.zip", **content)
    with ThreadPoolExecutor(8) as pool:
        targets = list(pool.map(lambda folder: unpacked(folder / "layer_0.zip", folder / "layer_0"), folders))
    assert {len(list(target.iterdir())) for target in targets} == {50}
    assert len({target.resolve() for target in targets}) == 1

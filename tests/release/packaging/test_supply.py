"""What we take from others: pinned, with hashes, from no named index, under known terms."""

from __future__ import annotations

import re
import subprocess

import pytest

from infra.local.home import PROJECT
from infra.release.supply import images, licences
from infra.release.supply.licences import SHIPPED, pins

LOCKS = [
    path.relative_to(PROJECT).as_posix()
    for pattern in ("requirements*.txt", "shared/requirements.txt", "functions/*/requirements.txt")
    for path in sorted(PROJECT.glob(pattern))
]
UNPINNED = {"localstack/localstack-pro:4.14.0"}
"""Images whose digest its registry alone knows; `make images` pins them, too."""


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_every_package_with_hashes_and_names_no_index(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert not re.search(r"https?://|--index|--extra-index|--find-links|--trusted-host", text)
    packages = re.split(r"(?m)^(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n?", "", text))
    entries = [entry for entry in packages if entry.strip()]
    assert len(entries) == len(re.findall(r"(?m)^[A-Za-z0-9][^\s=]*==", text)) > 0
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_auditor_asks_about_every_lock_file() -> None:
    asked = subprocess.run(["make", "-n", "audit"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert len(LOCKS) == 8
    assert set(LOCKS) <= set(re.split(r"[\s;]+", asked.stdout))


def test_what_is_shipped_is_what_is_tested() -> None:
    tested = pins("requirements-dev.txt")
    for lock in (*SHIPPED, "requirements-local.txt"):
        for name, version in pins(lock).items():
            assert tested[name] == version


def test_the_licence_page_is_up_to_date() -> None:
    assert licences.PAGE.read_text() == licences.page(), "run: make licences"


def test_a_package_without_a_licence_is_noticed() -> None:
    with pytest.raises(ValueError, match="nobody-knows"):
        licences.licence("nobody-knows", {"classifier": ["Topic :: Office/Business"]})


@pytest.mark.parametrize("name", images.FILES)
def test_base_images_are_pinned_by_digest(name: str) -> None:
    used = images.images((PROJECT / name).read_text())
    assert used
    unpinned = {image for image, digest in used.items() if digest is None}
    assert unpinned <= UNPINNED


def test_an_exact_version_stands_for_a_digest_that_is_not_known() -> None:
    assert all(re.search(r":\d+\.\d+\.\d+$", image) for image in UNPINNED)


def test_no_file_with_images_is_forgotten() -> None:
    named = [*PROJECT.glob("*compose*.y*ml"), *PROJECT.glob("*Dockerfile*")]
    named += (PROJECT / "infra").rglob("*Dockerfile*")
    assert {path.relative_to(PROJECT).as_posix() for path in named} == set(images.FILES)


def test_pinning_replaces_the_digest_and_nothing_else() -> None:
    text = f"FROM python:3.13-slim@sha256:{'0' * 64} AS made\nRUN x\n"
    text += "  image: dexec-tools\n  image: postgres:18\n"
    renewed = images.pinned(text, lambda image: f"sha256:{len(image):064x}")
    assert images.images(renewed) == {
        "python:3.13-slim": f"sha256:{16:064x}",
        "postgres:18": f"sha256:{11:064x}",
    }
    assert "  image: dexec-tools\n" in renewed
    assert f"FROM python:3.13-slim@sha256:{16:064x} AS made\n" in renewed

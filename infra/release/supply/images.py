"""The base images of the containers, pinned by digest. ``make images`` renews the pins; needs Docker."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from infra.local.home import PROJECT

FILES = ("docker-compose.yml", "infra/release/containers/Dockerfile")
WITHOUT_DIGEST = frozenset({"dexec-tools"})
"""What is built here has none until it is built."""

_DIGEST = "(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
_USE = re.compile(rf"^(\s*image: |FROM )(?P<image>[^\s@]+){_DIGEST}(?P<stage> AS \w+)?$", re.MULTILINE)


def images(text: str) -> dict[str, str | None]:
    """Return the images that a Dockerfile or compose file uses, each with its digest."""
    found = {use["image"]: use["digest"] for use in _USE.finditer(text)}
    return {image: digest for image, digest in found.items() if image not in WITHOUT_DIGEST}


def pinned(text: str, digest_of: Callable[[str], str]) -> str:
    """Return ``text`` with every image pinned to the digest that it has now."""

    def pin(use: re.Match[str]) -> str:
        image, stage = use["image"], use["stage"] or ""
        return use[0] if image in WITHOUT_DIGEST else f"{use[1]}{image}@{digest_of(image)}{stage}"

    return _USE.sub(pin, text)


def registry_digest(image: str) -> str:
    """Ask the registry for the digest of an image, for all platforms. Raises ``CalledProcessError``."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Pin the images of every file anew."""
    for name in FILES:
        path = Path(PROJECT, name)
        path.write_text(pinned(path.read_text(encoding="utf-8"), registry_digest), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()

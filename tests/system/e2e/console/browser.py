"""Chromium, driven by Playwright, and axe-core from npm: both are used where they are, neither is needed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REBOUND = "rebound.example"
"""A name of another's, led to this machine, as its owner can do at any time."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
)
AXE = "axe-core@4.10.3"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless browser with a profile of its own; skip the test where none is installed."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def axe_source(folder: Path) -> str:
    """Return axe-core's script, installed into ``folder`` once; skip the test where npm cannot do it."""
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("needs npm, to install axe-core")
        options = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        command = [npm, "install", *options, AXE]
        installed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if installed.returncode:
            pytest.skip(f"npm cannot install {AXE}: {installed.stderr.strip()[-200:]}")
    return script.read_text(encoding="utf-8")

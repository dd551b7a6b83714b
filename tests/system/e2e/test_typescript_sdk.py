"""The TypeScript client as its users get it: packed, installed into an empty folder, against a deployment."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.system.e2e import node
from tests.system.e2e.console.browser import chromium
from tests.system.e2e.deployed import Deployed
from tests.system.e2e.lossy import lossy

STRICT = ("--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--module", "nodenext")
ORDER_ID = r"ord_[0-9a-f]{32}"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return node.installed(tmp_path_factory.mktemp("npx"))


@pytest.fixture(scope="module")
def folder(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has nothing but the package, and its compiled examples."""
    project = node.sdk_sources(modules, tmp_path_factory.mktemp("typescript"))
    node.run(modules, project, "npm", "pack")
    (package,) = project.glob("*.tgz")
    folder = tmp_path_factory.mktemp("user")
    (folder / "package.json").write_text('{"type": "module"}')
    node.run(modules, folder, "npm", "install", "--offline", "--no-audit", "--no-fund", str(package))
    assert [path.name for path in (folder / "node_modules").glob("[!.]*/*")] == ["client"]
    examples = folder / "node_modules" / "@dexec" / "client" / "examples"
    sources = [str(shutil.copy(path, folder)) for path in sorted(examples.glob("*.ts"))]
    # The types of Node without those of a browser, and the other way round.
    node_types = ("--lib", "es2022", "--types", "node", "--typeRoots", str(modules / "@types"))
    node.run(modules, folder, "tsc", *STRICT, *node_types, *sources)
    (folder / "page.ts").write_text('import { Client } from "@dexec/client";\nexport default Client;\n')
    browser_types = ("--lib", "es2022,dom", "--noEmit")
    node.run(modules, folder, "tsc", *STRICT, *browser_types, "page.ts")
    return folder


@pytest.fixture(scope="module")
def flags() -> str:
    """Return the options with which this Node has a WebSocket; skip the test where it has none."""
    for options in ("", "--experimental-websocket"):
        asked = subprocess.run(
            ["node", *options.split(), "-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"],
            capture_output=True,
            check=False,
        )
        if asked.returncode == 0:
            return options
    pytest.skip("this Node has no WebSocket")


# What browsers say of a WebSocket that is refused is nothing at all.
IN_A_PAGE = """
async ([module, url, apiKey]) => {
  const { Client } = await import(module);
  const client = new Client({ url, apiKey });
  const order = await client.execute({ tokenIn: "SOL", tokenOut: "USDC", amount: "0.1" });
  const seqs = [];
  for await (const event of order.events()) seqs.push(event.seq);
  const { status } = await order.done();
  await client.close();
  const refused = new Client({ url, apiKey: "no such key" });
  const error = await refused.stream().catch((error) => error.name);
  return { seqs, status, error };
}
"""


def example(folder: Path, name: str, flags: str, url: str, key: str) -> str:
    return node.run(folder / "node_modules", folder, "node", f"{name}.js", url, key, NODE_OPTIONS=flags)


def history(deployment: Deployed, key: str) -> list[dict[str, object]]:
    with deployment.client(key) as client:
        orders: list[dict[str, object]] = client.get("api/orders").json()["orders"]
    return orders


def test_an_order_is_watched_to_its_end(deployment: Deployed, folder: Path, flags: str) -> None:
    key = deployment.new_key()
    *events, end = example(folder, "ten-lines", flags, deployment.http_url, key).splitlines()
    assert [int(line.split()[0]) for line in events] == [1, 2, 3, 4, 5, 6]
    assert events[-1] == "6 confirmed"
    (order,) = history(deployment, key)
    assert end == f"{order['orderId']} confirmed {order['amountOut']}"


def test_an_order_whose_answers_are_lost_is_placed_once(
    deployment: Deployed, folder: Path, flags: str
) -> None:
    key = deployment.new_key()
    with lossy(deployment.http_url, 502, 0, 504) as gateway:
        said = example(folder, "at-the-quoted-price", flags, gateway.url, key)
    (order,) = history(deployment, key)
    limit = re.fullmatch(rf"sold 0\.5 SOL for {order['amountOut']} USDC; the limit was ([\d.]+)\n", said)
    assert limit is not None, said
    assert order["minAmountOut"] == limit[1]
    assert "rebalance-17" in (order.get("clientOrderId"), order["label"])
    assert len(gateway.keys) == 4
    assert len(set(gateway.keys)) == 1


def test_all_orders_are_followed(deployment: Deployed, folder: Path, flags: str) -> None:
    key = deployment.new_key()
    lines = example(folder, "all-orders", flags, deployment.http_url, key).splitlines()
    ids = {str(order["orderId"]) for order in history(deployment, key)}
    assert len(ids) == 3
    for order_id in ids:
        seqs = re.findall(rf"^{order_id} (\d) \w+$", "\n".join(lines), re.MULTILINE)
        assert seqs == list("123456")
    assert {line.split()[0] for line in lines[-3:]} == ids
    assert all(re.fullmatch(rf"{ORDER_ID} \d+\.\d+", line) for line in lines[-3:])


def test_a_page_watches_an_order(deployment: Deployed, folder: Path) -> None:
    """The package lies on the deployment's own origin, whose policy lets a page load from there alone."""
    built = folder / "node_modules" / "@dexec" / "client" / "dist"
    url = deployment.http_url.rstrip("/")
    with chromium() as browser:
        page = browser.new_page()
        page.route(
            f"{url}/sdk/*",
            lambda route: route.fulfill(
                path=built / route.request.url.rpartition("/")[2], content_type="text/javascript"
            ),
        )
        page.goto(f"{url}/docs")
        seen = page.evaluate(IN_A_PAGE, [f"{url}/sdk/index.js", url, deployment.new_key()])
    assert seen == {"seqs": [1, 2, 3, 4, 5, 6], "status": "confirmed", "error": "Unauthorized"}

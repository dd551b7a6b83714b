"""``template-postgres.yaml``: template.yaml for a database of one's own, in regions without Aurora DSQL.

CloudFormation looks at the type of every resource before it looks at conditions, and may refuse one that the
region does not have. So the choice between the two databases is made here, and the cluster is left out.
``make template-postgres`` writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import yaml

from infra.json_types import Json, Node
from infra.local import template
from infra.local.home import PROJECT

FILE = "template-postgres.yaml"
CHOSEN = {"DatabaseGiven": True, "DatabaseMade": False}
"""The conditions that are decided; all others stay."""

_HEAD = "# Written by `make template-postgres` from template.yaml: change that one.\n"
_SECTIONS = ("Conditions", "Resources", "Outputs")


def fold(source: Node) -> Node:
    """Return the template with ``CHOSEN`` decided and the secret's ARN asked for."""
    folded = cast(Node, _decided(source))
    for section in _SECTIONS:
        entries = cast(Node, folded[section])
        for name in [name for name, entry in entries.items() if name in CHOSEN or _is_omitted(entry)]:
            del entries[name]
        for entry in entries.values():
            if isinstance(entry, dict) and entry.get("Condition") in CHOSEN:
                del entry["Condition"]
    parameter = cast(Node, cast(Node, folded["Parameters"])["DatabaseSecretArn"])
    del parameter["Default"]
    parameter["AllowedPattern"] = str(parameter["AllowedPattern"]).removesuffix("?")
    parameter["Description"] = str(parameter["Description"]).partition(" Empty:")[0]
    return folded


def _is_omitted(entry: Json) -> bool:
    return isinstance(entry, dict) and CHOSEN.get(str(entry.get("Condition"))) is False


def _decided(node: Json) -> Json:
    """Return a copy in which each ``Fn::If`` on a chosen condition is the branch that it takes."""
    if isinstance(node, list):
        return [_decided(item) for item in node]
    if not isinstance(node, dict):
        return node
    branches = node.get("Fn::If")
    if isinstance(branches, list) and str(branches[0]) in CHOSEN:
        return _decided(branches[1 if CHOSEN[str(branches[0])] else 2])
    return {name: _decided(item) for name, item in node.items()}


def text(source: Node) -> str:
    """Return the template as YAML."""
    return _HEAD + yaml.safe_dump(fold(source), sort_keys=False, width=110, allow_unicode=True)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(text(template.load(PROJECT / "template.yaml")), encoding="utf-8")
    print(f"wrote {target}; build it with: sam build --template {target}")

"""What ``sam build`` makes, as Lambda would load it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from dexec.adapters.tls import PUBLIC_AUTHORITIES
from infra.local.home import PROJECT
from tests.release.packaging.builds import FUNCTIONS, LIMIT_MB, megabytes
from tests.support.programs import output

IMPORT = """
import sys
sys.path[:0] = sys.argv[1:]
import app
assert callable(app.handler)
"""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_with_the_packages_of_its_build_alone(
    function: str, built: Path, python313: Path
) -> None:
    # -I and -S: neither the environment nor any site-packages; the layer lies where Lambda puts it.
    paths = (built / function, built / "Layer" / "python")
    environ = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "dexec"}
    output(python313, "-I", "-S", "-B", "-c", IMPORT, *paths, env=environ)


def test_every_function_with_the_layer_stays_small(built: Path) -> None:
    assert max(megabytes(built / name) for name in FUNCTIONS) + megabytes(built / "Layer") < LIMIT_MB


def test_the_layer_holds_the_package_with_its_sql(built: Path) -> None:
    ours, shipped = PROJECT / "shared" / "dexec", built / "Layer" / "python" / "dexec"
    for source in ours.rglob("*.sql"):
        assert (shipped / source.relative_to(ours)).read_bytes() == source.read_bytes()


def test_nothing_of_the_clients_is_shipped(built: Path) -> None:
    assert not [*built.rglob("dexec_client*"), *built.rglob("httpx"), *built.rglob("websockets")]


def test_the_layer_holds_the_authorities_that_the_database_is_checked_by(built: Path) -> None:
    shipped = built / "Layer" / "python" / "botocore" / PUBLIC_AUTHORITIES.name
    context = ssl.create_default_context(cafile=str(shipped))
    assert any("Amazon Root CA 1" in str(found["subject"]) for found in context.get_ca_certs())


def test_bytecode_is_taken_as_it_is(built: Path) -> None:
    compiled = [*(built / "Layer" / "python" / "dexec").rglob("*.pyc")]
    assert len(compiled) == len([*(PROJECT / "shared" / "dexec").rglob("*.py")])
    # PEP 552: bit 0 is a hash instead of a time, bit 1 that it has to be compared.
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} == {0b01}

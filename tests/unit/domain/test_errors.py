"""The tree of errors is the one that its module draws."""

from __future__ import annotations

from dexec.domain import errors
from dexec.domain.errors import DexecError


def drawn() -> dict[str, str]:
    """Return the base of each error by its name, as the docstring draws them."""
    bases, path = {}, ["Exception"]
    _, _, tree = str(errors.__doc__).partition("\n\n")[2].partition("\n\n")
    for line in tree.partition("\n\n")[0].splitlines():
        name = line.split()[0]
        depth = 1 + (len(line) - len(line.lstrip())) // 2
        bases[name] = path[depth - 1]
        path[depth:] = [name]
    return bases


def defined() -> dict[str, type[DexecError]]:
    own = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    return {name: kind for name, kind in own.items() if issubclass(kind, DexecError)}


def test_the_tree_is_the_one_that_is_drawn() -> None:
    assert drawn() == {name: kind.__base__.__name__ for name, kind in defined().items() if kind.__base__}

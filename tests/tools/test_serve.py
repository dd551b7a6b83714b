"""The emulator is changed only where it is what it was when this was written."""

from __future__ import annotations

from types import ModuleType

import pytest

from infra.local.serve import replace


def test_parts_of_a_module_are_replaced() -> None:
    module = ModuleType("module")
    vars(module).update(one=1, two=2)
    replace(module, two=3)
    assert (module.one, module.two) == (1, 3)


def test_what_a_module_does_not_have_is_not_given_to_it() -> None:
    """Nothing would use it, and what it was to change would stay."""
    with pytest.raises(AttributeError, match="gone"):
        replace(ModuleType("module"), gone=1)

"""The public names of the package: complete, importable, documented."""

import ast
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

import rimebatch


def test_every_public_name_has_a_home() -> None:
    """What `__all__` promises, what is lazy and what type checkers see are the same."""
    tree = ast.parse(Path(rimebatch.__file__).read_text())
    typed = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("rimebatch")
        for alias in node.names
    }

    assert set(rimebatch.__all__) == rimebatch._HOMES.keys() == typed


@pytest.mark.parametrize("name", rimebatch.__all__)
def test_a_public_name_can_be_imported_and_is_documented(name: str) -> None:
    """Each name leads to something that says what it is."""
    found = getattr(rimebatch, name)

    assert found is not None
    if isinstance(found, type | FunctionType):
        assert found.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as it does on any module."""
    with pytest.raises(AttributeError, match="run_bach"):
        rimebatch.run_bach  # noqa: B018  # the access is the test


def test_importing_the_package_loads_nothing_heavy() -> None:
    """Help comes at once, because numpy, trio and pydantic wait until needed."""
    code = "import rimebatch.cli.main, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()

    assert set() == {"numpy", "trio", "pydantic", "soundfile", "yaml"} & set(loaded)

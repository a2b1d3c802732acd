"""Node, where it is installed, with its `ws` client."""

import shutil
import subprocess
from typing import Final

import pytest


def _find_flaw() -> str:
    """Return why a Node client cannot be run here; nothing if it can."""
    if not shutil.which("node"):
        return "there is no Node here"
    found = subprocess.run(
        ["node", "-e", "require('ws')"], check=False, capture_output=True
    )
    return "there is no `ws` for Node on NODE_PATH" if found.returncode else ""


_FLAW: Final = _find_flaw()

needs_node: Final = pytest.mark.skipif(bool(_FLAW), reason=_FLAW)
"""Skips a test where no Node client can be run, and says why."""

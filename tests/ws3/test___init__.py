"""A test that `rimebatch.ws3` is pure: the wire as values, without I/O."""

import subprocess
import sys
from pathlib import Path

import rimebatch

# A bare stand-in for the top package: what that one imports is not this room's doing.
_PROGRAM = """
import sys, types
package = types.ModuleType("rimebatch")
package.__path__ = [sys.argv[1]]
sys.modules["rimebatch"] = package
import rimebatch.ws3
print(*sys.modules)
"""

_IMPURE = {"asyncio", "click", "numpy", "socket", "soundfile", "ssl", "trio", "yaml"}


def test_importing_ws3_loads_neither_io_nor_sound() -> None:
    """Importing the package loads no socket, event loop, YAML, sound or CLI library."""
    folder = Path(rimebatch.__file__).parent
    loaded = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()

    assert "rimebatch.ws3.takes" in loaded
    assert set() == _IMPURE & set(loaded)

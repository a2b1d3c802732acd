"""A folder to work in, a service to speak to, and a key that it lets in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.users import serve_in_thread

KEY = "a-key"


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have every command run in a folder of its own, by somebody with a key."""
    monkeypatch.setenv("RIME_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def url() -> Iterator[str]:
    """Run a service for one test; its address."""
    with serve_in_thread(KEY) as address:
        yield address

"""Tests of `rimebatch.errors`."""

import inspect
import re

import pytest

from rimebatch import errors
from rimebatch.errors import ConnectError, ConnectionClosedError, ManifestError

# A line of the drawing: how deep, then the name.
_DRAWN = re.compile(r"^ {4}((?:│   |    )*)(├── |└── )?(\w+Error)\b", re.MULTILINE)


def test_tree_is_drawn_as_it_is() -> None:
    """The tree in the module's docstring is the tree of the classes."""
    drawn = set()
    path: list[str] = []
    for indent, branch, name in _DRAWN.findall(errors.__doc__ or ""):
        depth = len(indent + branch) // 4
        path[depth:] = [name]
        drawn.add((name, path[depth - 1] if depth else "Exception"))
    real = {
        (name, error.__base__ and error.__base__.__name__)
        for name, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, Exception)
    }

    assert drawn == real


def test_manifest_error_holds_all_mistakes() -> None:
    """A manifest error has its mistakes one by one, and prints one a line."""
    error = ManifestError(["a:1:1: one", "a:2:1: two"])

    assert ("a:1:1: one", "a:2:1: two") == error.mistakes
    assert "a:1:1: one\na:2:1: two" == str(error)


def test_connect_error_keeps_the_refusal() -> None:
    """A refused handshake keeps its status and what the server said with it."""
    error = ConnectError("refused", status=429, body="Currently at websocket limit")

    assert (429, "Currently at websocket limit") == (error.status, error.body)
    assert "refused" == str(error)


def test_connect_error_without_an_answer() -> None:
    """A connection that got no answer at all has no status and no words."""
    error = ConnectError("no route")

    assert (None, "") == (error.status, error.body)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", "the connection was closed with 1006"),
        ("400 too long", "the connection was closed with 1006 (400 too long)"),
    ],
)
def test_connection_closed_error_says_code_and_reason(
    reason: str, sentence: str
) -> None:
    """A close is told with its code, and with the peer's words if there are any."""
    error = ConnectionClosedError(1006, reason)

    assert (1006, reason) == (error.code, error.reason)
    assert sentence == str(error)

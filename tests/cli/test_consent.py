"""Who is asked before much is sent; at a terminal, see `test_run`."""

import pytest

from rimebatch.cli.consent import ask_to_send


def test_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal nobody is asked, however much it is."""
    ask_to_send(10**9)

    assert ("", "") == capsys.readouterr()

"""What is shown of a crash."""

import pytest

from rimebatch.cli.crash import show_crash

SECRET = "canary-7f3a91"


def test_a_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback is as ever, but for the credentials that it quotes."""
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    with pytest.raises(ValueError, match=SECRET) as crash:
        raise ValueError(f"no header: {SECRET}")
    show_crash(crash.type, crash.value, crash.tb)

    shown = capsys.readouterr().err
    assert shown.startswith("Traceback (most recent call last):\n")
    assert shown.endswith("ValueError: no header: (credential)\n")

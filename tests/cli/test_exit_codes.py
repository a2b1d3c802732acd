"""Every error that RimeBatch foresees has an exit code."""

import pytest

from rimebatch.cli.exit_codes import ExitCode, exit_code_of
from rimebatch.errors import (
    ConnectError,
    DivergenceError,
    EndpointError,
    HeldError,
    ManifestError,
    OutageError,
    OutputError,
    RimeBatchError,
    SecretError,
    TranscriptError,
    VoiceError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ManifestError(["book.yaml:1:1: it is empty"]), 4),
        (EndpointError("there is no key"), 5),
        (OutputError("no space"), 6),
        (SecretError("a credential"), 1),
        (DivergenceError("early", kind="early", report=""), 7),
        (HeldError("in use"), 75),
        (OutageError("nothing for 15 minutes"), 75),
        (ConnectError("refused"), 1),
        (TranscriptError("damaged"), 1),
        (VoiceError("no library"), 1),
        (RimeBatchError("anything"), 1),
    ],
)
def test_exit_code_of(error: RimeBatchError, code: int) -> None:
    """An error that ends a command decides its exit code by its type alone."""
    assert code == exit_code_of(error)


def test_codes_of_others() -> None:
    """Usage errors keep click's code, and an interruption the shell's 128 + signal."""
    assert 2 == ExitCode.USAGE.value
    assert (130, 143) == (ExitCode.INTERRUPTED.value, ExitCode.TERMINATED.value)

"""What the exit code says; the same table stands in ``docs/cli.md``."""

from enum import IntEnum
from typing import Final

from rimebatch.errors import (
    DivergenceError,
    EndpointError,
    HeldError,
    ManifestError,
    OutageError,
    OutputError,
    RimeBatchError,
    SecretError,
)


class ExitCode(IntEnum):
    """The exit codes. A code that is not here is a failure too."""

    DONE = 0  # everything asked for is complete
    FAILED = 1  # nothing asked for is complete
    USAGE = 2  # the command line is wrong: click's own code
    PARTLY = 3  # some jobs are complete and some failed
    MANIFEST = 4  # the manifest has mistakes; nothing was sent
    ENDPOINT = 5  # no key, no usable address, or the service refuses the account
    STORAGE = 6  # a file cannot be written; what was complete stays on record
    DIFFERS = 7  # a replay diverged, or what is on disk is not what it should be
    CAP = 8  # as many characters were sent as may be; the rest is missing
    CHECKS = 10  # takes failed their checks, or a file is outside of a limit
    LATER = 75  # held by another run, or the service is away; run again later
    INTERRUPTED = 130  # Ctrl-C: what was complete stays on record
    TERMINATED = 143  # SIGTERM: likewise


# The first that fits. A secret in the output is not the fault of the disk.
_OF_ERRORS: Final = (
    (ManifestError, ExitCode.MANIFEST),
    (EndpointError, ExitCode.ENDPOINT),
    (SecretError, ExitCode.FAILED),
    (OutputError, ExitCode.STORAGE),
    (DivergenceError, ExitCode.DIFFERS),
    (HeldError, ExitCode.LATER),
    (OutageError, ExitCode.LATER),
)


def exit_code_of(error: RimeBatchError) -> ExitCode:
    """Return the exit code for a command that *error* ended."""
    codes = (code for kind, code in _OF_ERRORS if isinstance(error, kind))
    return next(codes, ExitCode.FAILED)

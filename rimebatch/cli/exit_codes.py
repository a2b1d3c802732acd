"""What the exit code says; the same table stands in ``docs/cli.md``."""

from enum import IntEnum

from rimebatch.errors import (
    DivergenceError,
    EndpointError,
    ManifestError,
    RimeBatchError,
)


class ExitCode(IntEnum):
    """The exit codes. A code that is not here is a failure too."""

    DONE = 0  # everything asked for is complete
    FAILED = 1  # nothing asked for is complete
    USAGE = 2  # the command line is wrong: click's own code
    PARTLY = 3  # some jobs are complete and some failed
    MANIFEST = 4  # the manifest has mistakes; nothing was sent
    ENDPOINT = 5  # no key, or no usable address; nothing was sent
    DIFFERS = 7  # a replay diverged, or what is on disk is not what it should be
    INTERRUPTED = 130  # Ctrl-C: what was complete stays on record


def exit_code_of(error: RimeBatchError) -> ExitCode:
    """Return the exit code for a command that *error* ended."""
    match error:
        case ManifestError():
            return ExitCode.MANIFEST
        case EndpointError():
            return ExitCode.ENDPOINT
        case DivergenceError():
            return ExitCode.DIFFERS
        case _:
            return ExitCode.FAILED

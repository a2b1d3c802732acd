"""The files of a job: staged one by one, and moved into place together."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rimebatch.errors import OutputError
from rimebatch.files import staged, sync_folder


def publish(finals: Sequence[Path]) -> None:
    """Move staged files of one folder into place, in this order, for good.

    Every file is on disk before the first is moved, and the names are before this
    returns. The last file vouches for the others: it is gone before any of them
    changes and back after all have, on the disk as well, so that whenever it is there,
    it is right.

    Raises:
        OutputError: A file cannot be written out or moved.
    """
    final = finals[-1]
    try:
        for final in finals:
            with staged(final).open("rb") as file:
                os.fsync(file.fileno())
        finals[-1].unlink(missing_ok=True)
        sync_folder(final.parent)
        for final in finals:
            staged(final).replace(final)
            sync_folder(final.parent)  # before the next: a disk keeps no order of them
    except OSError as error:
        raise cannot_write(final, error) from error


def discard(finals: Sequence[Path]) -> None:
    """Remove those staged files that have not been published."""
    for final in finals:
        # One that stays is overwritten by the next run; why it was not published is
        # what the person has to know.
        with suppress(OSError):
            staged(final).unlink()


def cannot_write(final: Path, error: Exception) -> OutputError:
    """Return the error for a file that could not be written because of *error*."""
    reason = getattr(error, "strerror", None) or str(error).rstrip(".")
    remedy = "make room there, or write elsewhere"
    return OutputError(f"{final}: cannot write: {reason}; {remedy}")

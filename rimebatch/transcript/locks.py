"""One run at a time: a folder is held by a lock that ends with its process.

The kernel keeps the lock on an open file, so whatever ends the process, kill -9
included, frees the folder. The file ``.lock`` stays behind: it says who held the folder
last, for the error of whoever comes too late, and means nothing by itself.

Knows no clock, and not what the folder is for.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rimebatch.errors import HeldError, OutputError

LOCK_NAME: Final = ".lock"

# As `_sign` writes it. Anything else, such as half of it, names nobody.
_HOLDER: Final = re.compile(rb"(pid \d+ on [!-~]* since [!-~]+)\n")
_HOLDER_BYTES: Final = 512  # a host's name has at most 255 (RFC 1035)


@contextmanager
def hold(folder: Path, since: str) -> Iterator[None]:
    """Keep every other run, in this process too, out of *folder* until left.

    Never waits. Children do not inherit the lock.

    Args:
        folder: Made, for this user alone, if it does not exist.
        since: The time, as RFC 3339, for whoever comes too late.

    Raises:
        HeldError: It is held; the text says by which process, where and since when.
        OutputError: It cannot be made, or not be locked.
    """
    descriptor = _open_lock(folder)
    try:
        _lock(folder, descriptor, since)
        yield
    finally:
        os.close(descriptor)  # which frees the lock


def _open_lock(folder: Path) -> int:
    # Not followed: a link would have us write over whatever it points to.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / LOCK_NAME, flags, 0o600)
    except OSError as error:
        raise _cannot_lock(folder, error) from error


def _lock(folder: Path, descriptor: int, since: str) -> None:
    # flock, not POSIX locks: those never exclude the threads of one process.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sign(descriptor, since)
    except BlockingIOError:
        holder = _read_holder(descriptor)
        raise HeldError(
            f"{folder}: in use by {holder}; wait for it to end, then run again"
        ) from None
    except OSError as error:
        raise _cannot_lock(folder, error) from error


def _sign(descriptor: int, since: str) -> None:
    line = f"pid {os.getpid()} on {os.uname().nodename} since {since}\n"
    signature = line.encode("ascii", "backslashreplace")
    # In this order the first line is right at any moment, also on a full disk, where
    # what has been emptied might not be filled again.
    os.pwrite(descriptor, signature, 0)
    os.ftruncate(descriptor, len(signature))


def _read_holder(descriptor: int) -> str:
    holder = _HOLDER.match(os.pread(descriptor, _HOLDER_BYTES, 0))
    return holder[1].decode() if holder else "another process"


def _cannot_lock(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{folder}: cannot lock the folder: {error.strerror}; "
        "make it writable, or write elsewhere"
    )

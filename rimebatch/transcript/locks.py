"""A folder is held by one process at a time, with a lock that ends with that process.

The kernel keeps the lock on an open file, so whatever ends the process, kill -9
included, frees the folder. The file ``.lock`` stays behind: it says who held the folder
last, for whoever asks or comes too late, and means nothing by itself.

Knows no clock, and not what the folder is for.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rimebatch.errors import HeldError, OutputError
from rimebatch.files import make_folder

LOCK_NAME: Final = ".lock"

# As `_sign` writes it. Anything else, such as half of it, names nobody.
_HOLDER: Final = re.compile(rb"(pid \d+ on [!-~]* since [!-~]+)\n")
_HOLDER_BYTES: Final = 512  # a host's name has at most 255 (RFC 1035)

_PAUSE_S: Final = 0.001
_GLANCE_S: Final = 0.1  # a reader that was put to sleep at a bad moment wakes by then


@contextmanager
def hold(folder: Path, since: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Keep everybody else, in this process too, out of *folder* until left.

    Children do not inherit the lock.

    Args:
        folder: Made, for this user alone, if it does not exist.
        since: The time, as RFC 3339, for whoever comes too late.
        wait_s: How long to wait, asleep, for another to leave. It is meant for folders
            that are held for an instant; nothing else of the thread goes on meanwhile.

    Raises:
        HeldError: It is held; the text says by which process, where and since when.
        OutputError: It cannot be made, or not be locked.
    """
    descriptor = _open_lock(folder)
    try:
        try:
            if not _lock(descriptor, wait_s):
                raise HeldError(
                    f"{folder}: in use by {_read_name(descriptor)}; wait for it to "
                    "end, then run again"
                )
            _sign(descriptor, since)
        except OSError as error:
            raise _cannot_lock(folder, error) from error
        yield
    finally:
        os.close(descriptor)  # which frees the lock


def read_holder(folder: Path) -> str | None:
    """Return who holds *folder* now: ``pid 4711 on studio since …``, or ``None``.

    Changes nothing, and keeps nobody out.

    Raises:
        OutputError: The lock is there and cannot be read.
    """
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _cannot_lock(folder, error) from error
    try:
        return _read_name(descriptor) if _is_held(descriptor) else None
    finally:
        os.close(descriptor)


def _open_lock(folder: Path) -> int:
    # Not followed: a link would have us write over whatever it points to.
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    try:
        make_folder(folder, mode=0o700)
        return os.open(folder / LOCK_NAME, flags, 0o600)
    except OSError as error:
        raise _cannot_lock(folder, error) from error


def _lock(descriptor: int, wait_s: float) -> bool:
    """Take the lock; return whether that succeeded.

    A reader who looks at it at this very moment is waited for in any case.
    """
    for _ in range(1 + round((wait_s or _GLANCE_S) / _PAUSE_S)):
        if _try_lock(descriptor, fcntl.LOCK_EX):
            return True
        if not wait_s and _is_held(descriptor):
            return False
        time.sleep(_PAUSE_S)  # noqa: TID251  # asleep for an instant, and seldom
    return False


def _is_held(descriptor: int) -> bool:
    """Return whether somebody has the lock: readers, as this one, share it."""
    if not _try_lock(descriptor, fcntl.LOCK_SH):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _try_lock(descriptor: int, kind: int) -> bool:
    # flock, not POSIX locks: those never exclude the threads of one process.
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(descriptor: int, since: str) -> None:
    line = f"pid {os.getpid()} on {os.uname().nodename} since {since}\n"
    signature = line.encode("ascii", "backslashreplace")
    # In this order the first line is right at any moment, also on a full disk, where
    # what has been emptied might not be filled again.
    os.pwrite(descriptor, signature, 0)
    os.ftruncate(descriptor, len(signature))


def _read_name(descriptor: int) -> str:
    holder = _HOLDER.match(os.pread(descriptor, _HOLDER_BYTES, 0))
    return holder[1].decode() if holder else "another process"


def _cannot_lock(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{folder}: cannot lock the folder: {error.strerror}; "
        "make it writable, or write elsewhere"
    )

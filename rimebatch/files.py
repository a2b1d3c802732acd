"""Files that are complete or absent: written out of sight, then moved into place.

A staged file lies in the folder of its final name, so that the move is one rename, and
always under the same name, so that the next one overwrites what a crash left behind.
It knows nothing of what a file is for.
"""

import os
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
"""The mode of a file for its owner alone."""

_USUAL: Final = 0o666  # less what the person's umask takes away


def staged(final: Path) -> Path:
    """Return where to write what will be *final*."""
    return final.with_name(f".{final.name}.part")


def write_whole(
    path: Path, content: bytes, *, mode: int = _USUAL, durable: bool = True
) -> None:
    """Write *content* to *path*, whole or not at all.

    Args:
        path: In a folder that exists.
        content: All of it.
        mode: Of the file.
        durable: Whether file and name survive a power cut once this returns.

    Raises:
        OSError: It cannot be written; what was there is unchanged.
    """
    part = staged(path)
    part.unlink(missing_ok=True)  # of a crash: it might be of another mode
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(part, flags, mode), "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    if durable:
        sync_folder(path.parent)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make *folder*, if need be, and those that it lies in, to survive a power cut.

    Args:
        folder: To make.
        mode: Of this one, less what the person's umask takes away.

    Raises:
        OSError: It cannot be made.
    """
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The ledger of an output folder as a file.

What the figures mean, `rimebatch.recorder.ledger` knows. This is where they survive:
nothing else remembers what was wasted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from rimebatch.errors import OutputError
from rimebatch.files import make_folder, write_whole
from rimebatch.recorder.ledger import Account

FORMAT_VERSION: Final = 1


def write_ledger(path: Path, account: Account) -> None:
    """Write *account* to *path*, whole or not at all, and for good.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        make_folder(path.parent)
        write_whole(path, _encode(account))
    except OSError as error:
        what = f"{path}: cannot write: {error.strerror}"
        raise OutputError(f"{what}; make room there, or write elsewhere") from error


def read_ledger(path: Path) -> Account:
    """Return what the ledger at *path* holds; an empty account where there is none.

    Raises:
        OutputError: It cannot be read, is damaged or no ledger, or a newer RimeBatch
            wrote it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Account()
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        # Before all else: a later version may differ in everything that follows.
        version = msgspec.json.decode(content, type=_Head).rimebatch_ledger
        if version > FORMAT_VERSION:
            raise OutputError(
                f"{path}: ledger version {version}; this RimeBatch reads up to "
                f"{FORMAT_VERSION}; please update it"
            )
        return msgspec.json.decode(content, type=Account)
    except (ValueError, RecursionError) as error:
        raise OutputError(
            f"{path}: not a ledger, or damaged; move it away to begin a new one"
        ) from error


def _encode(account: Account) -> bytes:
    fields: dict[str, object] = msgspec.to_builtins(account)
    content = msgspec.json.encode({"rimebatch_ledger": FORMAT_VERSION, **fields})
    return msgspec.json.format(content, indent=1) + b"\n"


@dataclass(frozen=True, slots=True)
class _Head:
    """What every version of the file has."""

    rimebatch_ledger: int

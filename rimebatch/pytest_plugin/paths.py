"""Where the transcripts of a test lie: one file for each of its connections.

It knows names and files, and neither pytest's options nor what a transcript holds.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from itertools import count, takewhile
from pathlib import Path
from string import ascii_letters, digits
from typing import Final

# Brackets stand in the name of every test with parameters; all systems take them.
_SAFE: Final = frozenset((ascii_letters + digits + "_-.,=+@[]").encode())

# A file system takes 255 bytes; a number, an ending and those of a staged file go off.
_NAME_CHARS: Final = 200
_DIGEST_CHARS: Final = 16

_ENDING: Final = ".jsonl"


def make_name(parts: Sequence[str]) -> str:
    """Return a name for files of the test that *parts* lead to, without an ending.

    Different tests have different names: what cannot stand in the name of a file is
    written as ``%`` and its code, and of a long name the rest becomes a digest.

    Args:
        parts: The classes around the test, and the test with its parameters.
    """
    wire = ".".join(parts).encode("utf-8", "surrogatepass")
    name = "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in wire)
    if len(name) <= _NAME_CHARS:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{name[: _NAME_CHARS - _DIGEST_CHARS - 1]}~{digest}"  # no other has a ~


def transcript_in(folder: Path, parts: Sequence[str]) -> Path:
    """Return the transcript of the first connection of a test, in *folder*."""
    return folder / f"{make_name(parts)}{_ENDING}"


def nth_connection(path: Path, number: int) -> Path:
    """Return the transcript of that connection, from 1; *path* is that of the first."""
    return path if number == 1 else path.with_suffix(f".{number}{path.suffix}")


def find_connections(path: Path) -> list[Path]:
    """Return the transcripts of all connections of a test that are there."""
    paths = (nth_connection(path, number) for number in count(1))
    return list(takewhile(Path.exists, paths))


def find_orphans(folder: Path, owned: Collection[Path]) -> Iterator[Path]:
    """Yield the transcripts in *folder* of no test; the first of each is *owned*."""
    for path in sorted(folder.glob(f"*{_ENDING}")):
        first = _first_of(path)
        if path not in owned and first not in owned:
            yield path


def _first_of(path: Path) -> Path:
    """Return the transcript of the first connection, if *path* is that of another."""
    stem, _, number = path.stem.rpartition(".")
    return path.with_name(stem + path.suffix) if number.isdecimal() else path

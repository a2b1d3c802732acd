"""The log: what clients sent, and what they would be billed, as it happens.

One JSON object on each line, in the file as soon as it happens, so that a bill can be
checked from outside. No key is ever in it. It knows neither sockets nor sound.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path

import msgspec

from rimebatch.errors import OutputError


class Message(msgspec.Struct, tag_field="event", tag="message", omit_defaults=True):
    """A message that came in.

    Attributes:
        connection: The number of the connection, from 1.
        text: What it was, to the letter.
        binary: What it was, in base64, if it was a binary message.
    """

    connection: int
    text: str | None = None
    binary: bytes | None = None


class Synthesis(msgspec.Struct, tag_field="event", tag="synthesis"):
    """A text that was taken up, and is paid for from here.

    Attributes:
        connection: The number of the connection, from 1.
        synthesis: The number of the synthesis on it, from 1.
        chars: The length of the text.
        context_id: What its events carry.
    """

    connection: int
    synthesis: int
    chars: int
    context_id: str | None


class Logbook:
    """Where entries go.

    Args:
        path: What the file is called, for errors.
        file: Unbuffered.
    """

    def __init__(self, path: Path, file: RawIOBase) -> None:
        self._path = path
        self._file = file

    def add(self, entry: Message | Synthesis) -> None:
        """Append *entry*.

        Raises:
            OutputError: The disk did not take it.
        """
        try:
            self._file.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            raise _cannot_write(self._path, error) from error


@contextmanager
def open_logbook(path: Path | None) -> Iterator[Logbook]:
    """Open the log at *path*, behind what is in it; ``None`` keeps no log.

    Raises:
        OutputError: The file cannot be opened.
    """
    path = path or Path(os.devnull)
    try:
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise _cannot_write(path, error) from error
    with file:
        yield Logbook(path, file)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot write the log: {error.strerror or error}")

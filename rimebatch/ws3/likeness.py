"""Chunks that differ in nothing but their audio, and reading them without parsing.

Theory of operation. Nearly all that a service says is one chunk after the other, the
same but for the data. Data is a string of base64, which has no character that would end
the string, or be escaped in it. So if a message is a chunk, and another one has the
same before and behind its data, and base64 between, then that is a chunk as well, with
the same context id; and its JSON need not be read to know that.

Only a message of the plainest spelling is learnt from: an object of strings without
escapes, on one line, and with a single ``data``, so that what looks like it is it.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

import pybase64

from rimebatch.errors import RemoteProtocolError
from rimebatch.ws3.events import Chunk, decode_event

_VALUE: Final = r'(?:"[^"\\]*"|null)'
_BEFORE: Final = re.compile(rf'\{{(?:"\w+":{_VALUE},)*"data":"')
_AFTER: Final = re.compile(rf'"(?:,"\w+":{_VALUE})*\}}')
_NAME: Final = '"data":'


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the chunks of a take have in common."""

    _before: str
    _after: str

    @classmethod
    def of(cls, message: str) -> Self | None:
        """Return what messages like *message* have in common.

        ``None`` if it is no chunk, or its spelling is not the plainest.
        """
        before = _BEFORE.match(message)
        if before is None or message.count(_NAME) > 1:
            return None
        after = _AFTER.fullmatch(message, message.find('"', before.end()))
        if after is None:
            return None
        try:
            is_chunk = isinstance(decode_event(message), Chunk)
        except RemoteProtocolError:
            return None
        return cls(before[0], after[0]) if is_chunk else None

    def find_audio(self, message: str) -> bytes | None:
        """Return the audio of *message* if it is such a chunk; ``None`` if it is not.

        ``None`` also if its data is not base64, which is for `decode_event` to tell.
        """
        start, end = len(self._before), len(message) - len(self._after)
        is_alike = message.startswith(self._before) and message.endswith(self._after)
        if start > end or not is_alike:
            return None
        try:
            return pybase64.b64decode(message[start:end], validate=True)
        except ValueError:
            return None


class ChunkListener:
    """Listens to all messages of a connection for chunks like the one before."""

    def __init__(self) -> None:
        self._likeness: Likeness | None = None

    def hear(self, message: str) -> bytes | None:
        """Return the audio of *message* if it is a chunk like the message before it.

        Then it has the same context id, and stands on one line as it is.
        """
        audio = self._likeness.find_audio(message) if self._likeness else None
        if audio is None:
            self._likeness = Likeness.of(message)
        return audio

"""The WebSocket protocol engine, with a short way for the common frame.

Theory of operation. Nearly all that a ws3 service sends is one kind of frame: a whole
text message, unmasked, without extensions. wsproto spends most of its time on copies
and generators that such a frame has no use for. So what has come is looked at here
first, from one border between frames to the next:

- A text frame that is final and unmasked, without reserved bits, its length in the
  fewest bytes and within the cap, and that is UTF-8, is a message, and is delivered.
- A control frame (ping, pong, close) that is whole, unmasked and no longer than they
  may be is handed to wsproto by itself, which then is at a border again.
- Of a frame of either kind that is not whole the rest is waited for.
- Anything else ends the short way, for good: a fragment, a binary message, a mistake.
  wsproto is handed all that is left, and all that comes from then on. It has missed
  only whole messages, so it finds what it would have found without us.

The opening handshake is wsproto's alone. It is handed the server's answer line by line,
because what follows the last line are frames, which wsproto would keep to itself.

The messages that wsproto finds are delivered as well, so that all stay in order. A bell
among the events tells of them, for whoever waits there.

One thing alone differs: that a message is not UTF-8 shows when it is whole, and never
if the line ends before. The tests hold all the rest to plain wsproto.
"""

import struct
from collections.abc import Callable, Generator
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.events import BytesMessage, CloseConnection, Event, TextMessage

BELL: Final = TextMessage(data="")
"""Stands for messages that have just been delivered; it is none itself."""

# RFC 6455, 5.2. The first byte of a frame that is final and has no reserved bits:
_TEXT: Final = 0x81
_CONTROLS: Final = frozenset({0x88, 0x89, 0x8A})
# The second byte is the length, or a sign that this follows, as what, and that it is
# more than would have gone into less. In a masked frame it is 128 or more.
_MOST_SHORT: Final = 125
_LENGTHS: Final = {126: (struct.Struct("!H"), 125), 127: (struct.Struct("!Q"), 0xFFFF)}


class _UncommonError(Exception):
    """A frame that is not for the short way."""


class FrameEngine(WSConnection):
    """A client's engine that makes short work of whole text messages.

    Args:
        deliver: Is given messages, in order: the text of one read together, and what
            is binary by itself.
        message_bytes: The longest message that is delivered. Of a longer one the part
            that is too long already comes as an event, to be refused; what comes
            after it is not delivered.
        one_by_one: Whether every message is to have a bell of its own, so that whoever
            takes the events can make the line wait between any two. Then the short
            way, where one bell stands for all that a read has brought, is closed.
    """

    def __init__(
        self,
        deliver: Callable[[list[str] | bytes], None],
        message_bytes: int,
        *,
        one_by_one: bool = False,
    ) -> None:
        super().__init__(ConnectionType.CLIENT)
        self._deliver = deliver
        self._message_bytes = message_bytes
        self._is_short = not one_by_one
        self._held = bytearray()  # frames, of which the last may not be whole
        self._parts: list[str | bytes | bytearray] = []  # of a message in fragments
        self._part_sizes = 0
        self._was_too_long = False

    def receive_data(self, data: bytes | None) -> None:
        """Take in what the line has brought; ``None`` is its end."""
        if data is None or not self._is_short:
            super().receive_data(data)
            return
        while data and self.connection is None:
            end = data.find(b"\n") + 1 or len(data)
            super().receive_data(data[:end])
            data = data[end:]
        self._held += data

    def events(self) -> Generator[Event, None, None]:
        """Deliver the messages that have come; yield their bells, and all else."""
        yield from self._pass_on()
        while self._held:
            has_delivered, has_handed_on = self._read_short()
            if has_delivered:
                yield BELL
            if not has_handed_on:
                return
            yield from self._pass_on()

    def _read_short(self) -> tuple[bool, bool]:
        """Go the short way as far as it leads.

        Returns:
            Whether messages were delivered, and whether wsproto was handed something;
            if not, more has to come first.
        """
        held, at, handed_on = self._held, 0, b""
        messages: list[str] = []
        try:
            while frame := _find_frame(held, at, self._message_bytes):
                start, end = frame
                if held[at] != _TEXT:
                    handed_on = bytes(held[at:end])
                    break
                messages.append(held[start:end].decode())
                at = end
        except (_UncommonError, UnicodeDecodeError):
            self._is_short = False
            handed_on = bytes(held[at:])
        if messages:
            self._deliver(messages)
        if handed_on:
            super().receive_data(handed_on)
        del held[: at + len(handed_on)]
        return bool(messages), bool(handed_on)

    def _pass_on(self) -> Generator[Event, None, None]:
        """Yield the events of what wsproto was handed, with bells for messages."""
        for event in super().events():
            if isinstance(event, CloseConnection):  # nothing counts that comes after it
                self._is_short = False
                self._held.clear()
            if not isinstance(event, TextMessage | BytesMessage):
                yield event
            elif not self._was_too_long and (whole := self._join(event)):
                yield whole

    def _join(self, part: TextMessage | BytesMessage) -> Event | None:
        """Return the bell of the message that *part* completes, or what is too long."""
        self._parts.append(part.data)
        self._part_sizes += len(part.data)
        is_too_long = self._part_sizes > self._message_bytes
        if not (is_too_long or part.message_finished):
            return None
        whole = self._take_parts(part)
        if is_too_long:
            self._was_too_long = True
            return TextMessage(whole) if isinstance(whole, str) else BytesMessage(whole)
        self._deliver([whole] if isinstance(whole, str) else whole)
        return BELL

    def _take_parts(self, last: TextMessage | BytesMessage) -> str | bytes:
        """Return the parts so far, of which *last* is the last, as one."""
        parts, self._parts, self._part_sizes = self._parts, [], 0
        if isinstance(last, TextMessage):
            return "".join(map(str, parts))
        return b"".join(part for part in parts if not isinstance(part, str))


def _find_frame(held: bytearray, at: int, message_bytes: int) -> tuple[int, int] | None:
    """Return where the payload begins, and where the frame ends that begins *at*.

    ``None`` if it is not whole.

    Raises:
        _UncommonError: It is neither text that goes the short way, nor control.
    """
    start, size = at + 2, len(held)
    if start > size:
        return None
    first, length = held[at], held[at + 1]
    if first == _TEXT and length in _LENGTHS:
        number, least = _LENGTHS[length]
        start += number.size
        if start > size:
            return None
        (length,) = number.unpack_from(held, at + 2)
        is_common = least < length <= message_bytes
    else:
        is_text = first == _TEXT and length <= message_bytes
        is_common = length <= _MOST_SHORT and (is_text or first in _CONTROLS)
    if not is_common:
        raise _UncommonError
    end = start + length
    return (start, end) if end <= size else None

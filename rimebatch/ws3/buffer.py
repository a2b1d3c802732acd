"""The service's text buffer: which text is synthesized when, under which context id.

The local service speaks by it; a plan foresees by it what a script of messages will
say. It knows the rules of ``segment``, and neither sound nor sockets.

Sources: the page ("Segment", "Clear", "Flush", "EOS", "Context IDs") and the later
segmentation page: `clear` drops only text that has not been submitted; texts flushed
while a synthesis runs are merged into the next one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rimebatch.ws3.commands import Clear, Command, Flush, Text

# The page names these three marks. A closing quote or bracket stays with its sentence,
# and white space must follow, or the end of the buffer, so that 3.14 is one number.
_SENTENCE_END: Final = re.compile(r"""[.?!]["'”’)\]]*(?=\s|$)""")


@dataclass(frozen=True, slots=True)
class Utterance:
    """The text of one synthesis, and the context id that its events carry."""

    text: str
    context_id: str | None


_NOTHING: Final = Utterance("", None)


class TextBuffer:
    """Text on its way to be spoken, for one connection.

    Text waits until it is submitted, with the context id that is current at that
    moment; from then on no `Clear` reaches it. An idle service begins at once with
    what is submitted, a busy one with all that was submitted meanwhile, as one. White
    space alone is not worth a synthesis: it stays in front of the text that follows.

    Args:
        segment: ``never``, ``bySentence`` or ``immediate``; anything else counts as
            ``bySentence``, the default of the service.

    Attributes:
        context_id: The one that is current.
    """

    def __init__(self, segment: str) -> None:
        self._segment = segment
        self.context_id: str | None = None
        self._waiting = ""
        self._submitted = _NOTHING
        self._begun: Utterance | None = None
        self._service_is_idle = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that could be spoken, submitted or not."""
        text = self._submitted.text + self._waiting
        return self._begun is None and not text.strip()

    def receive(self, command: Command) -> None:
        """Do what *command* says to the buffer."""
        match command:
            case Text(text, context_id):
                # An id persists over later messages that leave it out.
                self.context_id = self.context_id if context_id is None else context_id
                self._waiting += text
            case Clear():
                self._waiting = ""
            case _:  # flush, eos
                self._submit(len(self._waiting))
        # At once, whenever the caller comes for it: of the page's two texts the first
        # is not tagged with the id of the second, nor are two flushes merged.
        if self._service_is_idle:
            self._begin()

    def next_utterance(self) -> Utterance | None:
        """Take what the service, done with the one before, synthesizes next.

        After ``None`` the service is idle.
        """
        if self._begun is None:
            self._begin()
        utterance, self._begun = self._begun, None
        return utterance

    def _begin(self) -> None:
        if not self._submitted.text.strip():
            self._submit(self._count_ready_chars())
        self._service_is_idle = not self._submitted.text.strip()
        if not self._service_is_idle:
            self._begun, self._submitted = self._submitted, _NOTHING

    def _count_ready_chars(self) -> int:
        """Return how much of the text a service takes up without being told to."""
        if self._segment == "never":
            return 0
        if self._segment == "immediate":
            return len(self._waiting)
        return max(
            (end.end() for end in _SENTENCE_END.finditer(self._waiting)), default=0
        )

    def _submit(self, count_chars: int) -> None:
        if count_chars:
            text = self._submitted.text + self._waiting[:count_chars]
            self._submitted = Utterance(text, self.context_id)
            self._waiting = self._waiting[count_chars:]


def spoken_text(commands: Iterable[Command], segment: str) -> str:
    """Return what *commands* will have spoken, white space collapsed.

    A forecast: the service may take up a sentence earlier or later than here, which
    matters only where a `Clear` follows it.
    """
    buffer = TextBuffer(segment)
    spoken = []
    for command in commands:
        buffer.receive(command)
        if utterance := buffer.next_utterance():
            spoken.append(utterance.text)
        if isinstance(command, Flush):
            spoken.append(" ")  # what is synthesized apart does not make one word
    return " ".join("".join(spoken).split())

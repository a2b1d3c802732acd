"""What must have been said before something may be heard.

The gate of a step of the server is a count of the client's actions: so many of them
must have begun before it may be delivered. The order of a transcript gives an upper
bound, all actions recorded before the step; most of them did not cause it. Which one
did, ws3 tells: the service takes up text by known rules, speaks one context at a time,
in order, and labels the audio. So a recording of a client that asked ahead can be
played to one that does not. (The gate by order alone stops such a client after one
event, measured.)
"""

from typing import Final, Literal, TypeAlias

from rimebatch.errors import RemoteProtocolError
from rimebatch.replay.labels import Label, read_label
from rimebatch.replay.recording import Ended, Heard, Recording, Sent, Step
from rimebatch.ws3.buffer import TextBuffer
from rimebatch.ws3.commands import Eos, Text, decode_command

Gate: TypeAlias = Literal["context", "observed", "total"]
"""``context``: by context id; ``observed``: by the order of the record; ``total``: the
same, and the client must not run ahead of it either."""

_EOS: Final = Eos()


def is_action(step: Step) -> bool:
    """Whether *step* is the client's: a message, or a close.

    A line that it dropped is none. Why it did nobody knows, so that is not demanded of
    a client, but happens to it.
    """
    return isinstance(step, Sent) or (
        isinstance(step, Ended) and step.by == "client" and not step.is_drop
    )


def make_gates(recording: Recording, gate: Gate) -> tuple[int, ...]:
    """Return the gate of each step of *recording*; of the client's own, its place."""
    causes = _Causes(dict(recording.header.query).get("segment", ""))
    gates = []
    for step in recording.steps:
        if is_action(step):
            gates.append(causes.begun)
            causes.act(step)
        elif gate == "context":
            gates.append(causes.find(step))
        else:
            gates.append(causes.begun)
    return tuple(gates)


class _Causes:
    """Which action let the service say what it says.

    Args:
        segment: That of the query: it decides which message has a text spoken.

    Attributes:
        begun: How many actions there have been.
    """

    def __init__(self, segment: str) -> None:
        self.begun = 0
        self._buffer = TextBuffer(segment)
        self._asked: dict[str | None, int] = {}  # contexts not done, oldest first
        self._speaking: str | None = None  # the context that was heard last
        self._latest = 0  # the gate of what was heard last
        self._has_acted = False  # since then
        self._is_over = False

    def act(self, step: Step) -> None:
        """Take the client's action *step* into account."""
        self.begun += 1
        self._has_acted = True
        if not isinstance(step, Sent):
            self._is_over = True
            return
        try:
            command = decode_command(step.message)
        except RemoteProtocolError:
            return  # which asks for nothing but an error
        self._is_over |= command == _EOS
        self._buffer.receive(command)
        if isinstance(command, Text):
            # If the buffer cannot tell, as of hidden text, what introduced it counts.
            self._asked.setdefault(self._buffer.context_id, self.begun)
        while utterance := self._buffer.next_utterance():
            self._asked[utterance.context_id] = self.begun

    def find(self, step: Step) -> int:
        """Return the gate of *step*, which the server said."""
        label = read_label(step.message) if isinstance(step, Heard) else None
        if label is None or label.type == "error":
            self._latest = self._find_of_reaction()
        else:
            self._latest = self._find_of_speech(label)
        self._has_acted = False
        return self._latest

    def _find_of_reaction(self) -> int:
        """Return the gate of an error or an end: of what they follow at once."""
        return self.begun if self._has_acted or self._is_over else self._latest

    def _find_of_speech(self, label: Label) -> int:
        """Return the gate of an event of the context that *label* names.

        Without a name it is of the context that was heard last, as long as that is not
        done; then of the oldest that is asked for. So is ``done`` whatever it names,
        since no context begins with it.
        """
        context_id, is_done = label.context_id, label.type == "done"
        if is_done or context_id not in self._asked:
            oldest = next(iter(self._asked), None)
            context_id = self._speaking if self._speaking in self._asked else oldest
        self._speaking = context_id
        gate = self._asked.get(context_id, self.begun)
        if is_done:
            self._asked.pop(context_id, None)
        return gate

"""Playing one recording: what may be heard now, and whether what is said is right.

Theory of operation. A recording has two sides. The server's steps are played in order,
each as soon as its gate is open and it is due; the client's are compared as they come.

Times are causal. Two things let the service say a step: what it said before, and the
action that opened the gate. The step is due as long after the later of the two, live,
as it came after the later of the two on record:

    due = max(live(before), live(gate)) + pace * (step - max(before, gate))

So a recording of a client with two segments in flight foretells what a client with one
would see. Counting from the gate alone is off by up to twice, and counting from the
start of the connection plays back the old client's own slowness (both measured).

Pure: the time is an argument, in nanoseconds since the connection was begun.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from rimebatch.replay.divergence import Divergence
from rimebatch.replay.gates import Gate, is_action, make_gates
from rimebatch.replay.labels import read_label
from rimebatch.replay.matching import ContextIds, Match, compare
from rimebatch.replay.recording import Ended, Heard, Recording, Sent, Step
from rimebatch.replay.witness import Witness

_NOTHING: Final = "nothing"

_Place: TypeAlias = tuple[int, Step | None]
"""A step and its index in the recording; without a step, beyond the last."""

# What may be left over when a client leaves: it adds nothing to a take that has ended.
_DISPENSABLE: Final = frozenset({"timestamps"})


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How recordings are played.

    Attributes:
        gate: What must have been said before something may be heard.
        match: How alike what is said must be to the record.
        pace: Times the recorded gaps: 1 as recorded, 0 at once.
    """

    gate: Gate = "context"
    match: Match = "json"
    pace: float = 1.0


class Playback:
    """One recording being played to one client.

    Args:
        recording: What to play.
        options: How.

    Attributes:
        recording: As given.
        due_ns: When the next step of the server is due; ``None`` while its gate is
            shut, and when there is none.
        has_ended: Whether the line has: the server has closed, or it was lost.
    """

    def __init__(self, recording: Recording, options: ReplayOptions) -> None:
        self.recording = recording
        self.due_ns: int | None = None
        self.has_ended = False
        self._options = options
        self._ids = ContextIds()
        self._witness = Witness(recording)
        self._gates = make_gates(recording, options.gate)
        self._actions: list[_Place] = []  # where the client's steps stand
        self._server: list[_Place] = []
        for index, step in enumerate(recording.steps):
            side = self._actions if is_action(step) else self._server
            side.append((index, step))
        beyond = (len(recording.steps), None)
        self._actions.append(beyond)
        self._server.append(beyond)
        # What came after that was heard by nobody.
        leaving = (i for i, step in self._actions if isinstance(step, Ended))
        self._leaves_at = next(leaving, len(recording.steps))
        self._acted: list[tuple[int, int]] = []  # recorded and live time of each
        self._played = 0  # of the server's steps
        self._latest = (recording.opening.time_ns, 0)  # recorded and live
        self._has_left = False

    @property
    def opening_due_ns(self) -> int:
        """When the handshake is answered."""
        return round(self._options.pace * self.recording.opening.time_ns)

    def open(self, now_ns: int) -> None:
        """Note that the handshake was answered."""
        self._latest = (self.recording.opening.time_ns, now_ns)
        self.due_ns = self._find_due_ns()

    def play(self, now_ns: int) -> Heard | Ended:
        """Return the next step of the server, under the client's own context ids."""
        _, step = self._server[self._played]
        assert isinstance(step, Heard | Ended)  # something was due
        self._played += 1
        self.has_ended = isinstance(step, Ended)
        self._latest = (step.time_ns, now_ns)
        self._witness.see(step)
        self.due_ns = self._find_due_ns()
        if isinstance(step, Ended) or isinstance(step.message, bytes):
            return step
        message = self._ids.rename(step.message)
        return step if message == step.message else replace(step, message=message)

    @property
    def is_behind(self) -> bool:
        """Whether the client should hear something first, and it is on its way.

        It was heard before the client's next message on record; a client in virtual
        time would say that sooner than it could then.
        """
        may_run_ahead = self._options.gate == "total"  # which is told, not prevented
        return not may_run_ahead and self.due_ns is not None and self._runs_ahead

    def say(self, message: str, now_ns: int) -> Divergence | None:
        """Compare the client's next message with the record.

        It counts as said, and opens gates, unless it diverges.
        """
        expected, is_free, witness = self._expected, self._speaks_freely, self._witness
        if self.has_ended:
            return None if is_free else witness.tell_late(now_ns, expected, message)
        if not isinstance(expected, Sent):
            return None if is_free else witness.tell_extra(now_ns, expected, message)
        if found := compare(expected.message, message, self._options.match, self._ids):
            changed = witness.tell_changed
            return None if is_free else changed(now_ns, expected, message, found)
        if self._options.gate == "total" and self._runs_ahead and not is_free:
            return witness.tell_early(now_ns, expected)
        self._act(expected, now_ns)
        return None

    def leave(self, now_ns: int) -> None:
        """Note that the client has closed."""
        self._has_left = True
        if isinstance(self._expected, Ended):
            self._act(self._expected, now_ns)

    def find_stall(self, now_ns: int, *, forever: bool = False) -> Divergence | None:
        """Return what the client fails to say, if it waits and nothing can come.

        Args:
            now_ns: When it waits.
            forever: Whether it does so without a limit of its own. That is a mistake
                even where the record holds it to nothing, as after a fault.
        """
        if self.due_ns is not None or self.has_ended:
            return None
        if self._is_free:
            endless = self._witness.tell_endless
            return endless(now_ns, self._expected) if forever else None
        if self._has_left and not isinstance(self._expected, Sent):
            return None  # as it once did
        return self._witness.tell_missing(now_ns, self._expected)

    def finish(self, now_ns: int, unread: int = 0) -> Divergence | None:
        """Return what was left of the record when the client had gone.

        Args:
            now_ns: When it left.
            unread: How many of the messages last played it did not take in.
        """
        if self._is_free:
            return None
        if isinstance(self._expected, Sent) and not self.has_ended:
            return self._witness.tell_missing(now_ns, self._expected, left=True)
        played = self._server[: self._played]
        taken = sum(isinstance(step, Heard) for _, step in played) - unread
        heard = [(i, step) for i, step in self._server if isinstance(step, Heard)]
        unheard = [
            step
            for i, step in heard[taken:]
            if i < self._leaves_at and not _is_dispensable(step)
        ]
        return self._witness.tell_unplayed(now_ns, unheard) if unheard else None

    @property
    def _expected(self) -> Step | None:
        """The client's next action on record."""
        return self._actions[len(self._acted)][1]

    @property
    def _is_free(self) -> bool:
        """Whether all that the client is held to has been played."""
        next_index, _ = self._server[self._played]
        return self._speaks_freely and self._is_faulty(next_index)

    @property
    def _speaks_freely(self) -> bool:
        """Whether the record does not know what the client says next.

        It may not have heard everything yet: a client may speak ahead.
        """
        next_index, _ = self._actions[len(self._acted)]
        return self._is_faulty(next_index)

    def _is_faulty(self, index: int) -> bool:
        border = self.recording.faulty_from
        return border is not None and index >= border

    @property
    def _runs_ahead(self) -> bool:
        to_say, expected = self._actions[len(self._acted)]
        to_hear, _ = self._server[self._played]
        return expected is not None and to_hear < to_say

    def _act(self, step: Step, now_ns: int) -> None:
        self._acted.append((step.time_ns, now_ns))
        self._witness.see(step)
        self.due_ns = self._find_due_ns()

    def _find_due_ns(self) -> int | None:
        index, step = self._server[self._played]
        if step is None or self.has_ended:
            return None
        gate = self._gates[index]
        if len(self._acted) < gate:
            return None
        recorded, live = self._latest
        if gate:
            recorded_gate, live_gate = self._acted[gate - 1]
            recorded = max(recorded, recorded_gate)
            live = max(live, live_gate)
        gap_ns = max(0, step.time_ns - recorded)
        return live + round(self._options.pace * gap_ns)


def _is_dispensable(step: Heard) -> bool:
    return read_label(step.message).type in _DISPENSABLE

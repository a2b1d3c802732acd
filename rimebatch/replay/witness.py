"""What somebody who watched a playback can tell of how the client left it.

It words divergences, and decides nothing: whether there is one, `playback` knows.
"""

from collections import deque
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from rimebatch.replay.divergence import (
    Divergence,
    DivergenceKind,
    describe,
    describe_message,
)
from rimebatch.replay.matching import ContextIds, Difference, compare
from rimebatch.replay.recording import Heard, Recording, Sent, Step

_RECENT: Final = 5
_PLACES: Final = 3  # in one line; the report has all
_COMPARED: Final = 100  # sends to each side of the place; more is slow, and no likelier
_ALIKE: Final = 0.6  # the usual border between "similar" and "something else"


class Witness:
    """Watches the playback of *recording*."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._sends = [step for step in recording.steps if isinstance(step, Sent)]
        self._said = 0
        self._recent: deque[Step] = deque(maxlen=_RECENT)

    def see(self, step: Step) -> None:
        """Remember that *step* was played."""
        self._recent.append(step)
        self._said += isinstance(step, Sent)

    def tell_changed(
        self, now_ns: int, expected: Sent, message: str, found: Sequence[Difference]
    ) -> Divergence:
        """Tell that the client said *message*, which differs from *expected*."""
        places = [difference.path for difference in found[:_PLACES]]
        places += ["more places"] * (len(found) > _PLACES)
        what = f"the client said something else at {', '.join(places)}"
        return self._tell(
            DivergenceKind.CHANGED, now_ns, expected, what, message, found
        )

    def tell_extra(
        self, now_ns: int, expected: Step | None, message: str
    ) -> Divergence:
        """Tell that the client said *message* in place of *expected*, no message."""
        has = "nothing more" if expected is None else "it leave"
        what = f"the client said something where the record has {has}"
        return self._tell_extra(now_ns, expected, message, what)

    def tell_late(self, now_ns: int, expected: Step | None, message: str) -> Divergence:
        """Tell that the client said *message* on a connection that is closed."""
        what = "the client goes on after it was told that the connection is closed"
        return self._tell_extra(now_ns, expected, message, what)

    def tell_early(self, now_ns: int, expected: Sent) -> Divergence:
        """Tell that the client said *expected* too soon."""
        what = "the client spoke before it had heard what comes before that"
        return self._tell(DivergenceKind.EARLY, now_ns, expected, what)

    def tell_missing(
        self, now_ns: int, expected: Step | None, *, left: bool = False
    ) -> Divergence:
        """Tell that the client has yet to do *expected*, and waits or has *left*."""
        who = "the client left" if left else "the client waits for the service"
        if not isinstance(expected, Sent):
            what = f"{who}, and the record has nothing more for it"
            return self._tell(DivergenceKind.MISSING, now_ns, expected, what)
        what = f"{who}, and has not said what the record has next"
        recorded = describe_message(expected.message, self._recording.header.query)
        found = (Difference("$", recorded, "nothing"),)
        return self._tell(
            DivergenceKind.MISSING, now_ns, expected, what, differences=found
        )

    def tell_endless(self, now_ns: int, expected: Step | None) -> Divergence:
        """Tell that nothing ends the client's wait for a service that went silent."""
        what = (
            "the service stays silent, as the fault says, and the client waits "
            "without a limit"
        )
        return self._tell(DivergenceKind.MISSING, now_ns, expected, what)

    def tell_unplayed(self, now_ns: int, unheard: Sequence[Heard]) -> Divergence:
        """Tell that the client left without hearing *unheard*."""
        what = (
            f"the client left without hearing {len(unheard)} of the recorded messages"
        )
        return self._tell(DivergenceKind.UNPLAYED, now_ns, unheard[0], what)

    def _tell_extra(
        self, now_ns: int, expected: Step | None, message: str, what: str
    ) -> Divergence:
        live = describe_message(message, self._recording.header.query)
        found = (Difference("$", "nothing", live),)
        return self._tell(DivergenceKind.EXTRA, now_ns, expected, what, message, found)

    def _tell(
        self,
        kind: DivergenceKind,
        now_ns: int,
        step: Step | None,
        what: str,
        message: str | None = None,
        differences: Sequence[Difference] = (),
    ) -> Divergence:
        query = self._recording.header.query
        return Divergence(
            kind=kind,
            transcript=self._recording.name,
            entry=step.number if step else None,
            time_ns=now_ns,
            what=what,
            recent=tuple(describe(recent, query) for recent in self._recent),
            differences=tuple(differences),
            nearest=None if message is None else self._find_nearest(message),
            hint=None if message is None else self._find_hint(message),
        )

    def _find_nearest(self, message: str) -> str | None:
        """Return the recorded message most like *message*, if any is alike."""
        start = max(0, self._said - _COMPARED)
        matcher = SequenceMatcher(b=message, autojunk=False)
        best, best_ratio = None, _ALIKE
        for sent in self._sends[start : self._said + _COMPARED]:
            matcher.set_seq1(sent.message)
            if matcher.quick_ratio() > best_ratio and matcher.ratio() > best_ratio:
                best, best_ratio = sent, matcher.ratio()
        return describe(best, self._recording.header.query) if best else None

    def _find_hint(self, message: str) -> str | None:
        """Return what happened if *message* stands elsewhere on record."""
        places = [
            place
            for place, sent in enumerate(self._sends)
            if not compare(sent.message, message, "json", ContextIds())
        ]
        earlier = [place for place in places if place < self._said]
        later = [place for place in places if place > self._said]
        now = f"the client's message {self._said + 1}"
        if earlier and (not later or earlier[-1] == self._said - 1):
            return (
                f"{now} repeats recorded message {earlier[-1] + 1}: was it said twice?"
            )
        if later:
            skipped = later[0] - self._said
            return f"{now} is recorded as message {later[0] + 1}: {skipped} left out"
        return None

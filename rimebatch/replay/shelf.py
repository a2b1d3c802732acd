"""Which recording is played to which connection."""

from collections.abc import Iterable, Sequence

from rimebatch.replay.divergence import Divergence, DivergenceKind
from rimebatch.replay.matching import Difference, Match
from rimebatch.replay.recording import Recording
from rimebatch.ws3.query import Query

_NOTHING = "nothing"
_RECORD = "the record"
_SUFFIX = ".jsonl"


class Shelf:
    """The recordings that wait to be played, in order.

    Args:
        recordings: Each is played once. A job that some of them are of is given no
            others, in whichever order the jobs of a batch connect.
        rotates: Whether each goes back behind the others when it is taken, to be
            played again.
    """

    def __init__(
        self, recordings: Iterable[Recording], *, rotates: bool = False
    ) -> None:
        self._rotates = rotates
        self._waiting = list(recordings)
        self._jobs = {recording.header.job for recording in self._waiting}
        self._last = self._waiting[-1].name if self._waiting else _RECORD

    @property
    def waiting(self) -> tuple[Recording, ...]:
        """Those not played yet."""
        return tuple(self._waiting)

    def take(
        self,
        query: Query,
        match: Match,
        job: str | None = None,
        name: str | None = None,
    ) -> Recording | Divergence:
        """Return the first one that answers *query*, or how none does.

        Args:
            query: What the connection asks for; the order of its pairs says nothing.
            match: Under ``shape`` the names are enough; under ``any``, anything is.
            job: Whose connection it is.
            name: What the recording must be called: its file name, or the end of its
                path, with or without ``.jsonl``. ``None`` takes any.
        """
        waiting = [
            recording
            for recording in self._waiting
            if job not in self._jobs or recording.header.job == job
        ]
        called = [r for r in waiting if name is None or _is_called(r, name)]
        answers = [r for r in called if _is_answered(r.header.query, query, match)]
        if answers:
            self._waiting.remove(answers[0])
            self._waiting += answers[:1] * self._rotates
            return answers[0]
        if called:
            return _tell_query(called, query)
        if waiting:
            what = f"no recording that waits is called {name!r}"
            return _tell(DivergenceKind.HANDSHAKE, _RECORD, what)
        what = "the client connects again after its last recording was played"
        return _tell(DivergenceKind.EXTRA_CONNECTION, self._last, what)


def _tell_query(called: Sequence[Recording], query: Query) -> Divergence:
    """Tell how *query* differs from that of the recording that is most like it."""
    nearest, differences = min(
        ((r, tuple(_find_differences(r.header.query, query))) for r in called),
        key=lambda candidate: len(candidate[1]),
    )
    names = [difference.path.removeprefix("$.") for difference in differences]
    what = ", ".join(names) or "its order or repetitions"
    return _tell(
        DivergenceKind.HANDSHAKE,
        nearest.name,
        f"the client connects with another query: {what}",
        differences,
    )


def _tell(
    kind: DivergenceKind,
    transcript: str,
    what: str,
    differences: tuple[Difference, ...] = (),
) -> Divergence:
    return Divergence(kind, transcript, None, 0, what, differences=differences)


def _is_called(recording: Recording, name: str) -> bool:
    own, asked = (
        text.removesuffix(_SUFFIX).split("/") for text in (recording.name, name)
    )
    return own[-len(asked) :] == asked


def _is_answered(recorded: Query, live: Query, match: Match) -> bool:
    match match:
        case "exact":
            return recorded == live
        case "json":
            return sorted(recorded) == sorted(live)
        case "shape":
            return {name for name, _ in recorded} == {name for name, _ in live}
        case _:  # any
            return True


def _find_differences(recorded: Query, live: Query) -> Iterable[Difference]:
    then, now = dict(recorded), dict(live)
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            yield Difference(
                f"$.{name}", then.get(name, _NOTHING), now.get(name, _NOTHING)
            )

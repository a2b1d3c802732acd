"""What the fixture `ws3_service` is: a service for clients outside of the test.

It runs in a process of its own, on the real clock and on real sockets: either a replay
service with the transcript of the test, or a recording proxy in front of a real one.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict
from urllib.request import ProxyHandler, build_opener

from rimebatch.pytest_plugin.options import Settings
from rimebatch.pytest_plugin.paths import find_connections
from rimebatch.pytest_plugin.processes import open_command
from rimebatch.replay import DivergenceKind
from rimebatch.transcript import JobTranscripts

_ASK_AGAIN_S: Final = 0.02
_ASK_TIMES: Final = 100  # in 2 s a service notices that a client has gone
_ANSWER_LIMIT_S: Final = 10.0  # takes a millisecond

_LEAVING: Final = {DivergenceKind.MISSING, DivergenceKind.UNPLAYED}

# No proxy of the environment is to be asked for what is on this computer.
_opener: Final = build_opener(ProxyHandler({}))


class _Divergence(TypedDict):
    kind: str
    report: str


class _Document(TypedDict):
    """The document at a control address, as far as it is read here."""

    playing: Sequence[str]
    unplayed: Sequence[str]
    divergences: Sequence[_Divergence]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a replay service says of its clients so far.

    Attributes:
        divergences: The report of each way in which one left the record.
        unplayed: What of the record nobody heard, a line each.
    """

    divergences: tuple[str, ...] = ()
    unplayed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every client kept to the record, and all of it was played."""
        return not (self.divergences or self.unplayed)

    @property
    def report(self) -> str:
        """All that is wrong, over several lines; empty if nothing is."""
        return "\n\n".join((*self.divergences, *self.unplayed))


class Ws3Service:
    """A service for whoever connects to it, in whatever language.

    Args:
        settings: What holds for the test.
        announcement: What its process said of itself.
        folder: Where it records; ``None`` if it replays.

    Attributes:
        path: The transcript of the first connection.
        url: Where clients connect to, without a query.
    """

    def __init__(
        self, settings: Settings, announcement: Mapping[str, str], folder: Path | None
    ) -> None:
        self.path = settings.path
        self.url = announcement["url"]
        self._control = announcement.get("control")
        self._must_play_all = settings.must_play_all
        self._folder = folder

    def verdict(self) -> Verdict:
        """Return what became of the record; clients that are leaving are waited for.

        While it is recorded there is no record to leave.
        """
        if self._control is None:
            return Verdict()
        document = _read(self._control)
        for _ in range(_ASK_TIMES):
            if not document["playing"]:
                break
            threading.Event().wait(_ASK_AGAIN_S)
            document = _read(self._control)
        return _judge(document, must_play_all=self._must_play_all)

    @property
    def complaints(self) -> Sequence[str]:
        """Why the test fails; see `rimebatch.pytest_plugin.checks.Checked`."""
        if self._folder is not None and not JobTranscripts(self._folder).paths():
            return ("nothing was recorded, because no client connected",)
        report = self.verdict().report
        return (report,) if report else ()


@contextmanager
def open_replay_service(
    settings: Settings, cut_at: int | None, scratch: Path
) -> Iterator[Ws3Service]:
    """Play the transcripts of a test to whoever connects.

    Args:
        settings: What holds for the test.
        cut_at: After which entry the line of the first connection is lost, if it is.
        scratch: An empty folder.

    Raises:
        EndpointError: The service did not start, for a transcript that cannot be read
            for instance.
    """
    options = [
        *("--match", settings.match, "--gate", settings.gate),
        *("--pace", str(settings.pace), "--once"),
    ]
    _, *others = find_connections(settings.path)
    for path in (_find_first(settings, cut_at, scratch), *others):
        options += ["--replay", str(path)]
    with open_command("serve", *options) as announcement:
        yield Ws3Service(settings, announcement, None)


@contextmanager
def open_recording_proxy(
    settings: Settings, endpoint: str, folder: Path
) -> Iterator[Ws3Service]:
    """Pass whoever connects on to *endpoint*, and record it into *folder*.

    Raises:
        EndpointError: The proxy did not start.
    """
    options = ("--upstream", endpoint, "--out", str(folder))
    with open_command("record", *options) as announcement:
        yield Ws3Service(settings, announcement, folder)


def _read(control: str) -> _Document:
    with _opener.open(control, timeout=_ANSWER_LIMIT_S) as answer:
        document: _Document = json.load(answer)
    return document


def _judge(document: _Document, *, must_play_all: bool) -> Verdict:
    divergences = tuple(
        divergence["report"]
        for divergence in document["divergences"]
        if must_play_all or divergence["kind"] not in _LEAVING
    )
    if not must_play_all:
        return Verdict(divergences)
    there = [f"{name}: its client is still there" for name in document["playing"]]
    gone = [f"{name}: unplayed: nobody connected" for name in document["unplayed"]]
    return Verdict(divergences, (*there, *gone))


def _find_first(settings: Settings, cut_at: int | None, scratch: Path) -> Path:
    """Return what the first connection is played: a transcript, or faults over it."""
    if isinstance(settings.faults, Path):
        return settings.faults
    faults = [*settings.faults, *([{"cut": cut_at}] if cut_at is not None else [])]
    if not faults:
        return settings.path
    overlay = scratch / "faults.yaml"  # of which JSON is a part
    base = str(settings.path.resolve())
    overlay.write_text(json.dumps({"faults": 1, "base": base, "do": faults}))
    return overlay

"""What a test is played: its transcript, in virtual time, by the replay transport.

There is no way from here to a network: nothing that opens a socket is imported.
"""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final, get_args

from trio.testing import MockClock

from rimebatch.errors import DivergenceError
from rimebatch.pytest_plugin.options import Settings, check_choice
from rimebatch.pytest_plugin.paths import find_connections
from rimebatch.pytest_plugin.writers import open_writer
from rimebatch.recorder.transports import Transport
from rimebatch.recorder.transports.replay import Replay
from rimebatch.replay import (
    Divergence,
    DivergenceKind,
    Gate,
    Match,
    Recording,
    ReplayOptions,
    read_recording,
)
from rimebatch.replay.faults import ReplayFault, apply_faults, cut
from rimebatch.replay.overlay import make_faults, read_overlay
from rimebatch.transcript import TranscriptWriter
from rimebatch.ws3.query import Query

# While no connection is open the clock jumps by itself, after so long with nothing to
# do. It does not wait for threads: 10 ms came too early in 15 of 100 runs with a peer
# that took 2 ms, and 50 ms in none (measured).
_JUMP_AFTER_S: Final = 0.05

_LEAVING: Final = frozenset({DivergenceKind.MISSING, DivergenceKind.UNPLAYED})


def make_player(settings: Settings, cut_at: int | None, scratch: Path) -> "Player":
    """Return what plays the transcripts of a test.

    Args:
        settings: What holds for the test.
        cut_at: After which entry the line of the first connection is lost, if it is.
        scratch: An empty folder.

    Raises:
        UsageError: There is no such way to match, or no such gate.
        TranscriptError: A transcript cannot be read.
        ManifestError: The faults have mistakes, or do not fit the transcript.
    """
    check_choice(settings.match, get_args(Match), "match")
    check_choice(settings.gate, get_args(Gate), "gate")
    first, *others = map(_read_recording, find_connections(settings.path))
    player = Player(
        settings.path.stem,
        (apply_faults(first, _read_faults(settings.faults)), *others),
        ReplayOptions(
            settings.gate,  # type: ignore[arg-type]  # checked just above
            settings.match,  # type: ignore[arg-type]  # likewise
            settings.pace,
        ),
        scratch,
        must_play_all=settings.must_play_all,
    )
    if cut_at is not None:
        player.cut(cut_at)
    return player


def _read_recording(path: Path) -> Recording:
    """Return the recording at *path*; its reports name it as a person would here."""
    return replace(read_recording(path), name=os.path.relpath(path))


def _read_faults(
    written: Path | Sequence[Mapping[str, object]],
) -> Sequence[ReplayFault]:
    if isinstance(written, Path):
        return read_overlay(written).faults
    return make_faults(written)


class Player:
    """Recordings being played to one test.

    Args:
        name: Of the test.
        recordings: One for each connection, in order.
        options: How they are played.
        scratch: An empty folder for what is recorded on the way.
        must_play_all: Whether leaving early is an error.

    Attributes:
        clock: Of the conversations; a `trio.run` that is to be in time takes it.
    """

    def __init__(
        self,
        name: str,
        recordings: Sequence[Recording],
        options: ReplayOptions,
        scratch: Path,
        *,
        must_play_all: bool,
    ) -> None:
        self.clock = MockClock(autojump_threshold=_JUMP_AFTER_S)
        self._name = name
        self._options = options
        self._scratch = scratch
        self._must_play_all = must_play_all
        self._connections = 0
        self._left_early: list[Divergence] = []
        self._whole = tuple(recordings)
        self._played = self._whole
        self._replays = [Replay(recordings, options)]

    @property
    def divergences(self) -> tuple[Divergence, ...]:
        """How the test left the record, but for leaving early."""
        all_of_them = chain.from_iterable(r.divergences for r in self._replays)
        return tuple(d for d in all_of_them if d not in self._left_early)

    @property
    def unplayed(self) -> tuple[str, ...]:
        """What of the record nobody heard, a line each."""
        return tuple(report.partition("\n")[0] for report in self._unplayed_reports)

    @property
    def complaints(self) -> Sequence[str]:
        """Why the test fails; see `rimebatch.pytest_plugin.checks.Checked`."""
        diverged = [divergence.report for divergence in self.divergences]
        return diverged + self._unplayed_reports * self._must_play_all

    def cut(self, at: int | str) -> None:
        """Begin again, with the line of the first connection lost after *at*.

        Raises:
            ManifestError: There is no such place.
        """
        first, *others = self._whole
        self._played = (cut(first, at), *others)
        self._replays.append(Replay(self._played, self._options))

    @asynccontextmanager
    async def connect(
        self, query: Query, transcript: TranscriptWriter | None
    ) -> AsyncIterator[Transport]:
        """Open a recorded connection; see `Replay.connect`."""
        replay = self._replays[-1]
        self._connections += 1
        async with AsyncExitStack() as stack:
            if transcript is None:
                transcript = open_writer(
                    self._scratch, self._name, self._connections, query, "replay"
                )
                stack.enter_context(transcript)
            line = await stack.enter_async_context(replay.connect(query, transcript))
            yield line
            before = len(replay.divergences)
            try:
                await stack.aclose()
            except DivergenceError:
                new = replay.divergences[before:]
                early = [d for d in new if d.kind in _LEAVING]
                self._left_early += early
                if self._must_play_all or not early:
                    raise

    @property
    def _unplayed_reports(self) -> list[str]:
        told = {divergence.transcript for divergence in self.divergences}
        dropped = chain.from_iterable(replay.dropped for replay in self._replays)
        left = [d for d in (*self._left_early, *dropped) if d.transcript not in told]
        reports = [divergence.report for divergence in left]
        if any(recording.faulty_from is not None for recording in self._played):
            return reports  # nobody knows whether a client goes on after that
        waiting = self._replays[-1].waiting
        return reports + [f"{r.name}: unplayed: nobody connected" for r in waiting]

"""Killed at any moment, again and again, a run loses nothing and pays nothing twice.

The bill is counted by the service's own log (see `fakes.tills`).
"""

import re
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251  # seeded: the same moments can be had again
from typing import Final

import pytest

from fakes.tills import EOS, Crash, Entry, Till, find_overcharges, open_till
from fakes.users import write_manifest
from fakes.warm import run_warm, start_warm
from rimebatch.server.logbook import Message, Synthesis
from rimebatch.transcript import read_takes

CONCURRENCY: Final = 3
SERIES: Final = 4  # which may run side by side
TRIALS: Final = 10  # of each series
SLOW: Final = "stall=0.05"  # so long for each segment makes a second for a run


@dataclass(frozen=True)
class Trial:
    """A manifest that is run into a folder, again and again.

    Attributes:
        till: Of the service; it has counted nothing but this trial.
        manifest: What is run.
        folder: Of the outputs.
    """

    till: Till
    manifest: Path
    folder: Path

    def run(self) -> float:
        """Run to the end; return how many seconds that took."""
        begun_s = time.monotonic()
        run_warm(self._output, *self._arguments)
        return time.monotonic() - begun_s

    def kill(self, after_s: float) -> list[Crash]:
        """Run for so many seconds; return the crash, unless the end came first."""
        process = start_warm(self._output, *self._arguments)
        process.join(after_s)
        process.kill()
        process.join()
        if process.exitcode == 0:
            return []
        assert -signal.SIGKILL == process.exitcode
        return [self.look()]

    def look(self) -> Crash:
        """Return what is on record now, and how much was billed by now."""
        paths = self.folder.rglob("transcripts/*/*.jsonl")
        takes = [take.record for path in paths for take in read_takes(path)]
        return Crash({take.context_id for take in takes}, len(self.till.read()))

    def read_files(self) -> dict[str, bytes]:
        """Return all that was made, but for the record, the books and the report."""
        folder = self.folder / "book"
        paths = [*folder.glob("*.*"), *folder.glob("plans/*")]
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in paths
            if "ledger" not in path.name and "report" not in path.name
        }

    @property
    def _output(self) -> Path:
        return self.folder.with_suffix(".txt")

    @property
    def _arguments(self) -> tuple[str | Path, ...]:
        out = ("--out", self.folder, "--endpoint", self.till.url)
        return ("run", self.manifest, *out, "--quiet")


def write_jobs(folder: Path) -> Path:
    """Write a manifest of six jobs, each of four paragraphs that no other has."""
    jobs = []
    for job in range(6):
        paragraphs = [f"Job {job}, paragraph {n}, and some more." for n in range(4)]
        text = r"\n\n".join(paragraphs)
        jobs.append(f'{{id: job{job}, text: "{text}"}}')
    more = f"concurrency: {CONCURRENCY}\ndone: always"
    return write_manifest(folder, *jobs, more=more)


def check_trial(trial: Trial, chance: Random, lasts_s: float, whole: Trial) -> int:
    """Kill a run up to three times and go on; return how often that found it alive."""
    moments_s = [chance.uniform(0, lasts_s) for _ in range(chance.randint(1, 3))]
    crashes = [crash for after_s in moments_s for crash in trial.kill(after_s)]
    trial.run()
    log = trial.till.read()
    before = trial.till.knock()
    trial.run()

    assert before + 1 == trial.till.knock()
    assert [] == find_overcharges(log, crashes, CONCURRENCY), (moments_s, crashes)
    assert whole.read_files() == trial.read_files()
    return len(crashes)


def say(connection: int, *context_ids: str, eos: bool = False) -> list[Entry]:
    """Return what the log has of a connection on which these segments were bought."""
    bought = [Synthesis(connection, n, 10, name) for n, name in enumerate(context_ids)]
    return [*bought, *([Message(connection, EOS)] if eos else [])]


FIRST: Final = [*say(1, "a", "b"), *say(2, "x")]
RIGHT: Final = [*FIRST, *say(3, "b", "c", eos=True), *say(4, "x", eos=True)]


def test_a_right_bill() -> None:
    """What was in flight in a crash may be bought again, once for each connection."""
    assert [] == find_overcharges(RIGHT, [Crash({"a"}, len(FIRST))], concurrency=2)


@pytest.mark.parametrize(
    ("log", "on_record", "complaint"),
    [
        ([*RIGHT, *say(5, "a", eos=True)], {"a"}, "a was on record"),
        ([*RIGHT, *say(5, "c", eos=True)], {"a"}, "c was bought again, and no crash"),
        ([*RIGHT, *say(5, "a", eos=True)], set(), "a was bought again, and no crash"),
        ([*RIGHT, *say(5, "y")], {"a"}, "3 connections were cut in 1 crashes"),
    ],
)
def test_a_wrong_bill(log: list[Entry], on_record: set[str], complaint: str) -> None:
    """Whatever was bought twice without need is found in the log."""
    found = find_overcharges(log, [Crash(on_record, len(FIRST))], concurrency=2)

    assert any(line.startswith(complaint) for line in found), found


@pytest.mark.slow
def test_a_record_that_is_lost(tmp_path: Path) -> None:
    """What the transcripts say and what the log says are the same segments."""
    with open_till(tmp_path) as till:
        trial = Trial(till, write_jobs(tmp_path), tmp_path / "trial")
        trial.run()
        crash = trial.look()
        shutil.rmtree(tmp_path / "trial/book/transcripts/job2")
        trial.run()
        found = find_overcharges(till.read(), [crash], CONCURRENCY)

    assert 4 == sum(bool(re.match("job2:.* was on record", line)) for line in found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SERIES))
def test_sigkill(tmp_path: Path, seed: int) -> None:
    """Whenever it was killed, the same command makes the same files for one price."""
    manifest = write_jobs(tmp_path)
    chance = Random(seed)
    with open_till(tmp_path, "--fault", SLOW) as till:
        wholes = [Trial(till, manifest, tmp_path / name) for name in ("cold", "whole")]
        lasts_s = min(whole.run() for whole in wholes)
        crashes = 0
        for number in range(TRIALS):
            trial = Trial(till.reset(), manifest, tmp_path / f"trial{number}")
            crashes += check_trial(trial, chance, lasts_s, wholes[0])

    assert crashes >= TRIALS / 2  # where it is slow at first, and fast later, few hit

"""A disk that fails at any one moment: no harm is done, and nothing is bought in vain.

Every call of the operating system that a batch makes to change its folder fails in its
turn, until a run is left alone to its end. What libsndfile and Python's own files
write is not met there; a limit on the length of files, of any length, cuts that.
"""

import errno
import os
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
import trio

from fakes.disks import Call, guard, largest_file, skip_syncs
from fakes.manifests import make_job, make_manifest
from fakes.services import FakeService
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.reports import JobResult, Report, SegmentAsked, TakeRecorded
from rimebatch.renderer import is_rendered
from rimebatch.transcript.verify import verify_transcript

TEXTS: Final = {"a": ("Number one.", "Number two."), "b": ("Three.", "And four.")}
AT_ONCE: Final = Patience(jitter=lambda: 0.0)


@dataclass
class Trial:
    """A batch on a disk, and what came of it.

    Attributes:
        folder: Of the outputs.
        service: Whom it talks to.
        kept: The texts of which it was told that they are on record.
        is_out_of_storage: Whether a job was told to have failed for that reason; from
            there on nothing may be bought.
    """

    folder: Path
    service: FakeService = field(default_factory=FakeService)
    kept: set[str] = field(default_factory=set)
    is_out_of_storage: bool = False

    def plan(self) -> Plan:
        """Return the plan of the batch, with what is on record."""
        jobs = [make_job(name, *texts) for name, texts in TEXTS.items()]
        return make_plan(
            make_manifest(*jobs, concurrency=1),
            lambda job_id: transcripts_of(self.folder, job_id).takes(),
        )

    def run(self) -> list[JobResult]:
        """Run the batch to its end; return what became of its jobs."""
        batch = partial(run_batch, listener=self._listen, patience=AT_ONCE)
        return trio.run(batch, self.plan(), self.service.connect, self.folder)

    def _listen(self, report: Report) -> None:
        match report:
            case SegmentAsked():
                assert not self.is_out_of_storage
            case TakeRecorded(job, segment):
                self.kept.add(TEXTS[job][segment - 1])
            case JobResult(cause="storage"):
                self.is_out_of_storage = True

    def check(self) -> None:
        """See that no harm was done, and that a further run makes up for it."""
        for job in self.plan().jobs:
            transcripts = transcripts_of(self.folder, job.id)
            for path in transcripts.paths():
                assert () == verify_transcript(path).damages
            if rendered := is_rendered(job, transcripts.takes(), self.folder):
                for path in (rendered.audio, rendered.sidecar):
                    assert whole()[path.name] == path.read_bytes()
        again = Trial(self.folder)

        assert ["done", "done"] == [result.state for result in again.run()]
        assert whole() == again.files
        assert set() == self.kept & {*again.service.spoken}

    @property
    def files(self) -> dict[str, bytes]:
        """The published files, by name."""
        names = [f"{job}{end}" for job in TEXTS for end in (".wav", ".words.json")]
        paths = [self.folder / name for name in names]
        return {path.name: path.read_bytes() for path in paths if path.exists()}


@cache
def whole() -> dict[str, bytes]:
    """Return the files of a batch on a disk that does not fail."""
    with TemporaryDirectory() as folder:
        trial = Trial(Path(folder))
        trial.run()
        return trial.files


@dataclass
class Fault:
    """A disk that fails.

    Attributes:
        at: The number of the first call that meets the fault, from 1.
        lasts: How many calls do.
        error: The error number.
        is_short: Whether a write that is the first begins, and leaves the rest.
        was_met: Whether any call has met it.
        was_told: Whether any has failed but removing what is of no use any more.
    """

    at: int
    lasts: int
    error: int
    is_short: bool = False
    was_met: bool = False
    was_told: bool = False
    _calls: int = 0

    def meet(self, call: Call) -> object:
        """Make *call*, or fail it."""
        self._calls += 1
        if not self.at <= self._calls < self.at + self.lasts:
            return call.perform(*call.args)
        is_first, self.was_met = not self.was_met, True
        if self.is_short and is_first and call.name == "write":
            descriptor, content = call.args
            assert isinstance(content, bytearray)
            return call.perform(descriptor, content[: len(content) // 2])
        self.was_told |= call.name != "unlink"
        raise OSError(self.error, os.strerror(self.error))


FAULTS: Final = {
    "broken once": partial(Fault, lasts=1, error=errno.EIO),
    "short once": partial(Fault, lasts=1, error=errno.ENOSPC, is_short=True),
    "short, then full": partial(Fault, lasts=2, error=errno.ENOSPC, is_short=True),
    "full": partial(Fault, lasts=10**6, error=errno.ENOSPC),
}


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", FAULTS)
def test_every_call_fails_in_its_turn(tmp_path: Path, kind: str, step: int) -> None:
    """The batch ends for lack of storage, and does no harm."""
    with skip_syncs(tmp_path):
        for number in count(1, step):
            trial = Trial(tmp_path / str(number))
            trial.folder.mkdir()
            fault = FAULTS[kind](at=number)
            with guard(trial.folder, fault.meet):
                trial.run()

            assert fault.was_told <= trial.is_out_of_storage

            trial.check()
            if not fault.was_met:
                break

    assert 60 < number


@pytest.mark.parametrize("step", [499, pytest.param(29, marks=pytest.mark.slow)])
def test_files_of_any_length_at_most(tmp_path: Path, step: int) -> None:
    """So it is with whatever is written, wherever that is cut off."""
    with skip_syncs(tmp_path):
        for limit_bytes in count(0, step):
            trial = Trial(tmp_path / str(limit_bytes))
            trial.folder.mkdir()
            with largest_file(limit_bytes):
                trial.run()
            trial.check()
            if not trial.is_out_of_storage:
                break

    assert 2000 < limit_bytes

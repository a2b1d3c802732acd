"""A cut of the power, anywhere: what was promised is there, and the rest is made again.

The recorder and the renderer work in earnest on a disk that is watched. For every
moment of that work disks are drawn as a cut may leave them, and each must keep every
promise made by then, believe nothing that is wrong, and lead to the same files in the
end. A check that cannot fail proves nothing: with any one sync taken away it does.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from itertools import count, islice
from pathlib import Path
from random import Random  # noqa: TID251  # seeded: every state can be had again
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import pytest
import trio

from fakes.disks import Call, guard
from fakes.manifests import make_job, make_manifest
from fakes.power import (
    Edit,
    Event,
    Named,
    State,
    Synced,
    Watched,
    cut_anywhere,
    lay_out,
)
from fakes.services import FakeService, sound_of
from fakes.transcripts import read_audio
from rimebatch.files import write_whole
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.reports import Report, TakeRecorded
from rimebatch.renderer import is_rendered
from rimebatch.renderer.job_files import name_files

# One job before and after two edits: its files are as long as before, then shorter.
EDITIONS: Final = (
    ("The first one.", "Here is number two.", "And the third."),
    ("The first one.", "Here is number 222.", "And the third."),
    ("The first one.", "Number two."),
)
AT_ONCE: Final = Patience(jitter=lambda: 0.0)

Tell: TypeAlias = Callable[[str, bool], None]
Tamper: TypeAlias = Callable[[Path], AbstractContextManager[None]]


@cache
def plan_edition(edition: int) -> Plan:
    """Return the plan of *edition*, with nothing on record."""
    return make_plan(make_manifest(make_job("job", *EDITIONS[edition])))


def work(disk: Path, edition: int, tell: Tell) -> list[str]:
    """Run *edition* to its end on *disk*; return what was bought for it.

    Args:
        disk: Where the folder of the outputs is, or will be.
        edition: Of the job.
        tell: Is told what is promised and what no longer is.
    """
    for earlier in range(len(EDITIONS)):  # its files make way
        tell(f"files of {earlier}", False)
    texts, service = EDITIONS[edition], FakeService()

    def listen(report: Report) -> None:
        if isinstance(report, TakeRecorded):
            tell(texts[report.segment - 1], True)

    (result,) = trio.run(
        partial(
            run_batch,
            plan_edition(edition),
            service.connect,
            disk / "book",
            listener=listen,
            patience=AT_ONCE,
        )
    )

    assert "done" == result.state, result.error

    tell(f"files of {edition}", True)
    number = read_number(disk) + 1
    write_whole(disk / "book" / "number", str(number).encode())
    tell(f"number {number}", True)
    return service.spoken


def read_number(disk: Path) -> int:
    """Return what stands in the file that is written whole, again and again."""
    path = disk / "book" / "number"
    return int(path.read_bytes()) if path.exists() else 0


def read_files(disk: Path, edition: int) -> list[bytes]:
    """Return the contents of the files of the job."""
    (job,) = plan_edition(edition).jobs
    return [path.read_bytes() for path in name_files(job, disk / "book").all]


@cache
def files_of(edition: int) -> list[bytes]:
    """Return what the files of *edition* hold if nothing is ever cut."""
    with TemporaryDirectory() as folder:
        work(Path(folder), edition, lambda _, __: None)
        return read_files(Path(folder), edition)


def find_wrong(disk: Path, promises: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong on *disk* after a cut."""
    for edition in range(len(EDITIONS)):
        yield from find_wrong_takes(disk, edition, promises)
        yield from find_wrong_files(disk, edition, promises)
    if any(f"number {n}" in promises for n in range(read_number(disk) + 1, 9)):
        yield "a number is lost"


def find_wrong_takes(
    disk: Path, edition: int, promises: frozenset[str]
) -> Iterator[str]:
    """Yield whether a take of *edition* is not what was said, or not there."""
    takes = transcripts_of(disk / "book", "job").takes(verify=True)
    (job,) = plan_edition(edition).jobs
    for segment in job.segments:
        if take := takes.get(segment.key):
            if read_audio(take) != sound_of(segment.text):
                yield "a take is wrong"
        elif segment.text in promises:
            yield "a take is lost"


def find_wrong_files(
    disk: Path, edition: int, promises: frozenset[str]
) -> Iterator[str]:
    """Yield whether the files of *edition* are believed and wrong, or not there."""
    takes = transcripts_of(disk / "book", "job").takes()
    (job,) = plan_edition(edition).jobs
    if is_rendered(job, takes, disk / "book"):
        if read_files(disk, edition) != files_of(edition):
            yield "wrong files are believed"
    elif f"files of {edition}" in promises:
        yield "files are lost"


class Proof:
    """Work on a disk whose power is cut.

    Args:
        folder: Holds the disks.
        seed: Decides where, and what is left.
        edit: Makes something else of what happened.
        tamper: Surrounds the work on a disk that has been cut.

    Attributes:
        wrong: What was found to be wrong, how often.
        states: How many disks were found, every one unlike the others.
    """

    def __init__(
        self,
        folder: Path,
        seed: int = 1,
        edit: Edit = lambda events: events,
        tamper: Tamper = lambda _: nullcontext(),
    ) -> None:
        self.wrong: Counter[str] = Counter()
        self._disks = (folder / str(number) for number in count())
        self._chance = Random(seed)
        self._edit = edit
        self._tamper = tamper
        self._seen: set[tuple[frozenset[tuple[str, bytes | None]], frozenset[str]]]
        self._seen = set()

    @property
    def states(self) -> int:
        """How many disks were found, each unlike all others."""
        return len(self._seen)

    def cut(self) -> Iterator[Counter[str]]:
        """Go through all editions, cut anywhere, and yield what is wrong; for ever."""
        watched = Watched(self._make_disk({}))
        with watched.watch():
            for edition in range(len(EDITIONS)):
                work(watched.folder, edition, watched.tell)
        while True:
            found = [*cut_anywhere(watched, self._chance, edit=self._edit)]
            self._chance.shuffle(found)
            for state, promises in found:
                self._go_on(state, promises, may_cut_again=True)
                yield self.wrong

    def _make_disk(self, state: State) -> Path:
        disk = next(self._disks)
        disk.mkdir()
        lay_out(state, disk)
        return disk

    def _go_on(
        self, state: State, promises: frozenset[str], *, may_cut_again: bool
    ) -> None:
        """Look at what a cut has left, and go on from there."""
        if (seen := (frozenset(state.items()), promises)) in self._seen:
            return
        self._seen.add(seen)
        disk = self._make_disk(state)
        if wrong := set(find_wrong(disk, promises)):
            self.wrong.update(wrong)
            return
        edition = self._chance.randrange(len(EDITIONS))
        watched = Watched(disk)
        with watched.watch(), self._tamper(disk):
            bought = work(disk, edition, watched.tell)
        if promises & set(bought):
            self.wrong["a take is bought again"] += 1
        if read_files(disk, edition) != files_of(edition):
            self.wrong["the files differ"] += 1
        if may_cut_again and self._chance.random() < 0.5:
            found = cut_anywhere(watched, self._chance, promises, self._edit)
            self._go_on(*self._chance.choice(list(found)), may_cut_again=False)


@pytest.mark.parametrize("cuts", [30, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_cut_anywhere(tmp_path: Path, cuts: int) -> None:
    """However little survives, every promise is kept and nothing wrong is believed."""
    proof = Proof(tmp_path)
    for _ in islice(proof.cut(), cuts):
        pass

    assert Counter() == proof.wrong
    assert cuts / 2 < proof.states


def forget_sync(is_forgotten: Callable[[Path], bool]) -> Edit:
    """Return the edit that leaves out the syncs of those paths."""
    return lambda events: (
        event
        for event in events
        if not (isinstance(event, Synced) and is_forgotten(event.path))
    )


def forget_order(events: Iterable[Event]) -> Iterator[Event]:
    """Leave out the syncs between the moves of the files of one job."""
    name: str | None = ""
    for event in events:
        if isinstance(event, Named):
            name = event.new
        elif isinstance(event, Synced) and name in {None, "job.wav"}:
            continue
        yield event


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "wrong"),
    [
        (forget_sync(lambda path: path.suffix == ".jsonl"), "a take is lost"),
        (forget_sync(lambda path: path.name == "job"), "a take is lost"),
        (forget_sync(lambda path: path.name == "transcripts"), "a take is lost"),
        (
            forget_sync(lambda path: path.match(".job.*.part")),
            "wrong files are believed",
        ),
        (forget_sync(lambda path: path.name == "book"), "files are lost"),
        (forget_order, "wrong files are believed"),
    ],
    ids=["take", "transcript", "folder", "files", "names", "order"],
)
def test_a_sync_that_is_missing(tmp_path: Path, edit: Edit, wrong: str) -> None:
    """Each sync is there for a reason: without it something goes wrong."""
    proof = Proof(tmp_path, edit=edit)

    assert any(wrong in found for found in islice(proof.cut(), 1000))


def keep_the_tail(disk: Path) -> AbstractContextManager[None]:
    """Write staged files over what a cut has left of them, which may be longer."""
    left = {path: path.read_bytes() for path in disk.rglob(".job.*.part")}

    def meet(call: Call) -> object:
        if call.name == "fsync" and call.path in left:
            with call.path.open("ab") as file:
                file.write(left[call.path][file.tell() :])
        return call.perform(*call.args)

    return guard(disk, meet)


@pytest.mark.slow
def test_a_truncation_that_is_missing(tmp_path: Path) -> None:
    """Staged files must begin empty."""
    proof = Proof(tmp_path, tamper=keep_the_tail)

    assert any("the files differ" in found for found in islice(proof.cut(), 1000))

"""From paths to the records that lie there."""

import shutil
from pathlib import Path

import pytest
import trio

from fakes.manifests import make_job, make_manifest
from fakes.services import FakeService
from fakes.users import write_manifest
from rimebatch.cli.records import JobRecord, find_records, list_jobs
from rimebatch.errors import ManifestError, PlanError, TranscriptError
from rimebatch.manifest import load_manifest
from rimebatch.manifest.load import Job
from rimebatch.manifest.plan import PlannedJob, make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.folders import plan_of

ONE = make_job("one", "Eins.")
TWO = make_job("two", "Zwei.", "Drei.")
BOOK = Path("outputs/book")
OUT = Path("outputs")


def run(*jobs: Job) -> dict[str, PlannedJob]:
    """Record *jobs* into `BOOK`; return their plans by id."""
    plan = make_plan(make_manifest(*jobs))
    trio.run(run_batch, plan, FakeService().connect, BOOK)
    return {job.id: job for job in plan.jobs}


def expect(job_id: str, plan: PlannedJob | None, folder: Path = BOOK) -> JobRecord:
    """Return the record of a job in *folder* that was recorded once."""
    path = folder / "transcripts" / job_id / "0001.jsonl"
    return JobRecord(job_id, (path,), folder, plan)


def test_transcript() -> None:
    """A transcript is a record by itself, and bears its path for a name."""
    run(ONE)
    path = BOOK / "transcripts/one/0001.jsonl"

    assert [JobRecord(str(path), (path,))] == find_records(path, OUT)


def test_outputs() -> None:
    """An output folder holds its jobs, each with the plan that was kept."""
    plans = run(ONE, TWO)

    assert [
        expect("one", plans["one"]),
        expect("two", plans["two"]),
    ] == find_records(BOOK, OUT)


@pytest.mark.parametrize("path", ["outputs/book/transcripts/two", "."])
def test_folder_of_a_job(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's folder of transcripts leads to its files, from within, too."""
    plans = run(ONE, TWO)
    folder = BOOK.resolve()
    if path == ".":
        monkeypatch.chdir(BOOK / "transcripts/two")

    assert [expect("two", plans["two"], folder)] == find_records(Path(path), OUT)


def test_folder_elsewhere(tmp_path: Path) -> None:
    """Transcripts that lie in a folder of their own have no files."""
    run(ONE)
    (BOOK / "transcripts/one").rename("talks")
    path = Path("talks/0001.jsonl")

    assert [JobRecord("talks", (path,))] == find_records(Path("talks"), OUT)


def test_manifest(tmp_path: Path) -> None:
    """A manifest leads to what is on record of its jobs, and to no other's."""
    plans = run(ONE, TWO)
    manifest = write_manifest(
        tmp_path, "{id: new, text: Neu.}", "{id: two, text: Anders.}"
    )

    assert [expect("two", plans["two"])] == find_records(manifest, OUT)


def test_manifest_before_plans_were_kept(tmp_path: Path) -> None:
    """Where no plan was kept, that of the manifest is all there is."""
    run(TWO)
    plan_of(BOOK, "two").unlink()
    manifest = write_manifest(tmp_path, "{id: two, text: Anders.}")
    [planned] = make_plan(load_manifest(manifest)).jobs

    assert [expect("two", planned)] == find_records(manifest, OUT)
    assert [expect("two", None)] == find_records(BOOK, OUT)


def test_what_a_crash_left_empty() -> None:
    """A transcript without a byte is no record."""
    plans = run(ONE)
    (BOOK / "transcripts/one/0002.jsonl").touch()

    assert [expect("one", plans["one"])] == find_records(BOOK, OUT)


def test_deleted_transcripts() -> None:
    """A job whose transcripts are gone is still there, by its plan."""
    plans = run(ONE, TWO)
    shutil.rmtree(BOOK / "transcripts/two")

    assert [
        expect("one", plans["one"]),
        JobRecord("two", (), BOOK, plans["two"]),
    ] == find_records(BOOK, OUT)


@pytest.mark.parametrize("path", ["outputs/book", "book.yaml", "empty"])
def test_nothing_there(path: str, tmp_path: Path) -> None:
    """Where there is no transcript at all, that is an error."""
    run(ONE)
    write_manifest(tmp_path, "{id: one, text: Eins.}")
    (tmp_path / "empty").mkdir()
    (BOOK / "transcripts/one/0001.jsonl").unlink()

    with pytest.raises(TranscriptError, match=f"^{path}: no transcripts there; name"):
        find_records(Path(path), OUT)


def test_damaged_plan() -> None:
    """A plan that is damaged is an error."""
    run(ONE)
    plan_of(BOOK, "one").write_text("{}")

    with pytest.raises(PlanError, match=r"plans/one\.json: not a plan"):
        find_records(BOOK, OUT)


def test_mistakes(tmp_path: Path) -> None:
    """So is a manifest with mistakes."""
    with pytest.raises(ManifestError):
        find_records(write_manifest(tmp_path, "{id: a/b, text: x}"), OUT)


def test_planned_jobs(tmp_path: Path) -> None:
    """The jobs of a folder are those that were planned there."""
    run(TWO, ONE)

    assert ["one", "two"] == list_jobs(BOOK)
    with pytest.raises(PlanError, match="there are no plans"):
        list_jobs(tmp_path)

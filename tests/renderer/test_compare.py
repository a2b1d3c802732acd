"""Tests of the comparison of a job's files with what its takes render to."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.manifests import RATE_HZ, make_planned
from rimebatch.errors import OutputError, TranscriptError
from rimebatch.manifest.encoding import AudioFile, Encoding
from rimebatch.manifest.load import Output
from rimebatch.manifest.placement import Pauses
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.manifest.take_checks import TakeChecks
from rimebatch.renderer.compare import Difference, compare_files
from rimebatch.renderer.job import render_job
from rimebatch.renderer.job_files import RenderedJob
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.events import Chunk, Done, Event, Timestamps

Takes = Mapping[str, RecordedTake]
Speak = Callable[[Segment], Sequence[Event]]
Record = Callable[[Path, PlannedJob, Speak], Takes]

JOB = replace(
    make_planned("One.", "Two two.", "Three, three, three."),
    checks=TakeChecks(on_fail="warn"),
)
SEGMENT_FRAMES = (30_000, 30_000, 40_000)  # more than one block of the comparison
FRAMES = sum(SEGMENT_FRAMES)


def speak(segment: Segment) -> Sequence[Event]:
    """Return the audio and the one word of *segment*."""
    label = segment.context_id
    pcm = b"\1\0" * SEGMENT_FRAMES[JOB.segments.index(segment)]
    return [Chunk(pcm), Timestamps(("w",), (0.0,), (1.0,), label), Done(label)]


def render(folder: Path, record: Record) -> tuple[RenderedJob, Takes]:
    """Return the files of `JOB` in *folder*, and the takes that they are made of."""
    takes = record(folder, JOB, speak)
    return render_job(JOB, takes, folder), takes


def flip(file: Path, at: int) -> int:
    """Change byte *at* of *file*; return how many bytes there are."""
    content = bytearray(file.read_bytes())
    content[at] ^= 255
    file.write_bytes(content)
    return len(content)


def test_equal(tmp_path: Path, record: Record) -> None:
    """Files as they should be differ in nothing, and nothing is written there."""
    _, takes = render(tmp_path, record)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    assert [] == compare_files(JOB, takes, tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_no_files_of_takes_that_fail(tmp_path: Path, record: Record) -> None:
    """Takes that fail their checks make no files; files that are there differ."""
    made, takes = render(tmp_path, record)
    failing = replace(JOB, checks=TakeChecks(on_fail="fail"))
    stale = compare_files(failing, takes, tmp_path)
    made.audio.unlink()
    made.sidecar.unlink()

    assert [made.sidecar] == [difference.file for difference in stale]
    assert [] == compare_files(failing, takes, tmp_path)


def test_missing(tmp_path: Path, record: Record) -> None:
    """Each file that is not there is said to be missing."""
    made, takes = render(tmp_path, record)
    made.audio.unlink()
    made.sidecar.unlink()

    assert [
        Difference(made.audio, "missing"),
        Difference(made.sidecar, "missing"),
    ] == compare_files(JOB, takes, tmp_path)


def test_folder_in_its_place(tmp_path: Path, record: Record) -> None:
    """A file that cannot be read differs, and says why."""
    made, takes = render(tmp_path, record)
    made.sidecar.unlink()
    made.sidecar.mkdir()

    assert [
        Difference(made.sidecar, "cannot be read: Is a directory")
    ] == compare_files(JOB, takes, tmp_path)


@settings(max_examples=20)
@given(st.integers(0, FRAMES - 1), st.integers(0, 1))
def test_any_byte_of_the_audio(record: Record, frame: int, half: int) -> None:
    """A byte that differs is named, with when it is heard and in which segment."""
    segment = 1 + (frame >= 30_000) + (frame >= 60_000)
    with tempfile.TemporaryDirectory() as folder:
        made, takes = render(Path(folder), record)
        size = made.audio.stat().st_size
        at = size - 2 * (FRAMES - frame) + half
        flip(made.audio, at)
        found = compare_files(JOB, takes, Path(folder))

    what = f"differs at byte {at} of {size}, at {frame / RATE_HZ:.3f} s"
    assert [Difference(made.audio, f"{what}, in segment {segment} of 3")] == found


@pytest.mark.parametrize(
    ("frame", "where"),
    [
        (0, "at 0.000 s, before segment 1 of 3"),
        (4000, "at 0.500 s, in segment 1 of 3"),
        (33_999, "at 4.250 s, in segment 1 of 3"),
        (34_000, "at 4.250 s, before segment 2 of 3"),
        (FRAMES + 8000, "at 13.500 s, after the last segment"),
    ],
)
def test_pauses(tmp_path: Path, record: Record, frame: int, where: str) -> None:
    """A byte of a pause is not in any segment."""
    pauses = Pauses(head=0.5, paragraph=0.25, tail=1.0)
    job = replace(JOB, output=Output(pauses=pauses))
    takes = record(tmp_path, JOB, speak)
    made = render_job(job, takes, tmp_path)
    at = made.audio.stat().st_size - 2 * (made.frames - frame)
    size = flip(made.audio, at)

    assert [
        Difference(made.audio, f"differs at byte {at} of {size}, {where}")
    ] == compare_files(job, takes, tmp_path)


def test_header(tmp_path: Path, record: Record) -> None:
    """A byte before the first sample is in the header, which nobody hears."""
    made, takes = render(tmp_path, record)
    at = made.audio.stat().st_size - 2 * FRAMES - 1
    size = flip(made.audio, at)

    assert [
        Difference(made.audio, f"differs at byte {at} of {size}, in its header")
    ] == compare_files(JOB, takes, tmp_path)


@settings(max_examples=20)
@given(st.data())
def test_any_byte_of_the_sidecar(record: Record, data: st.DataObject) -> None:
    """A byte that differs is named with its line, and with the key on that line."""
    with tempfile.TemporaryDirectory() as folder:
        made, takes = render(Path(folder), record)
        content = made.sidecar.read_bytes()
        at = data.draw(st.integers(0, len(content) - 1))
        flip(made.sidecar, at)
        found = compare_files(JOB, takes, Path(folder))

    number = len(content[: at + 1].splitlines())
    line = content.decode().splitlines()[number - 1]
    key = f", {line.split(':')[0].strip()}" if ":" in line else ""
    what = f"differs at byte {at} of {len(content)}, in line {number}{key}"
    assert [Difference(made.sidecar, what)] == found


@pytest.mark.parametrize("frames", [99_999, 100_000])
@pytest.mark.parametrize("format_", ["wav", "ulaw"])
def test_plain_samples_of_any_size(
    tmp_path: Path, record: Record, format_: AudioFile, frames: int
) -> None:
    """Where a byte is heard is right for u-law too, which may have one to fill up."""
    job = replace(JOB, output=Output((Encoding("mp3"), Encoding(format_))))
    last = job.segments[-1]

    def speak_shorter(segment: Segment) -> Sequence[Event]:
        chunk, *others = speak(segment)
        assert isinstance(chunk, Chunk)
        missing = FRAMES - frames if segment is last else 0
        return [replace_audio(chunk, missing), *others]

    takes = record(tmp_path, job, speak_shorter)
    made = render_job(job, takes, tmp_path)
    file = made.files.audio[1]
    content = file.read_bytes()
    at = content.index(b"data") + 8 + 60_000 * (2 if format_ == "wav" else 1)
    flip(file, at)

    what = f"differs at byte {at} of {len(content)}, at 7.500 s, in segment 3 of 3"
    assert [Difference(file, what)] == compare_files(job, takes, tmp_path)


def replace_audio(chunk: Chunk, missing: int) -> Chunk:
    """Return *chunk* without that many frames at its end."""
    return Chunk(chunk.audio[: len(chunk.audio) - 2 * missing], chunk.context_id)


@pytest.mark.parametrize("format_", ["flac", "mp3", "ogg", "opus"])
def test_compressed(tmp_path: Path, record: Record, format_: AudioFile) -> None:
    """Of a byte of compressed audio, nobody can say when it is heard."""
    job = replace(JOB, output=Output((Encoding("wav"), Encoding(format_))))
    takes = record(tmp_path, job, speak)
    made = render_job(job, takes, tmp_path)
    file = made.files.audio[1]
    same = compare_files(job, takes, tmp_path)
    size = flip(file, 100)

    assert [] == same
    assert [Difference(file, f"differs at byte 100 of {size}")] == compare_files(
        job, takes, tmp_path
    )


def test_captions(tmp_path: Path, record: Record) -> None:
    """Captions that differ say in which line; those that are missing, that they are."""
    job = replace(JOB, output=Output(captions=("vtt", "lrc", "csv")))
    takes = record(tmp_path, job, speak)
    captions = render_job(job, takes, tmp_path).files.captions
    captions["vtt"].unlink()
    size = flip(captions["csv"], captions["csv"].read_bytes().index(b"\n") + 1)
    at = captions["csv"].read_bytes().index(b"\n") + 1

    assert [
        Difference(captions["vtt"], "missing"),
        Difference(captions["csv"], f"differs at byte {at} of {size}, in line 2"),
    ] == compare_files(job, takes, tmp_path)


def test_files_that_no_plan_asks_for(tmp_path: Path, record: Record) -> None:
    """What else lies in the folder is not compared."""
    made, takes = render(tmp_path, record)
    made.audio.with_suffix(".mp3").touch()

    assert [] == compare_files(JOB, takes, tmp_path)


def test_cut(tmp_path: Path, record: Record) -> None:
    """A file that ends early says where, and what is the first to be missed."""
    made, takes = render(tmp_path, record)
    content = made.audio.read_bytes()
    at = len(content) - 2 * 40_000
    made.audio.write_bytes(content[:at])
    where = f"ends at byte {at} of {len(content)}, at 7.500 s, in segment 3 of 3"

    assert [Difference(made.audio, where)] == compare_files(JOB, takes, tmp_path)


@pytest.mark.parametrize("more", [b"\0", b"\0" * 100_000])
def test_too_long(tmp_path: Path, record: Record, more: bytes) -> None:
    """A file that holds all that it should, and more, says so."""
    made, takes = render(tmp_path, record)
    size = made.audio.stat().st_size
    with made.audio.open("ab") as file:
        file.write(more)

    assert [
        Difference(made.audio, f"goes on after byte {size}, where it should end")
    ] == compare_files(JOB, takes, tmp_path)


def test_missing_take(tmp_path: Path) -> None:
    """What cannot be rendered cannot be compared."""
    with pytest.raises(TranscriptError, match="3 of 3 segments are not on record"):
        compare_files(JOB, {}, tmp_path)


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no temporary folder can be made, the error names what to set."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))

    with pytest.raises(
        OutputError, match=r"temporary folder: No such file.*; set TMPD"
    ):
        compare_files(JOB, {}, tmp_path)

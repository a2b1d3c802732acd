"""A job's files: whole, made of its takes, and untouched by whatever fails."""

import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from fakes.manifests import RATE_HZ
from fakes.takes import (
    TEXT,
    Record,
    plan_quick_text,
    plan_text,
    read_outputs,
    speak,
    speak_aloud,
    speak_at_length,
    speak_encoded,
    speak_louder,
    speak_oddly,
)
from rimebatch.errors import AudioError, OutputError, TranscriptError
from rimebatch.manifest.encoding import AUDIO_FILES, SUFFIXES, Encoding
from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.manifest.load import Output
from rimebatch.manifest.placement import Pauses, Trim
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.renderer.captions import CAPTIONS
from rimebatch.renderer.job import is_rendered, render_job, stage_job
from rimebatch.renderer.job_files import RenderedJob, name_files
from rimebatch.renderer.sound import count_resampled
from rimebatch.transcript.reader import RecordedTake
from rimebatch.ws3.events import Event

FullDisk = Callable[[int], AbstractContextManager[None]]

ALL_FORMATS = tuple(map(Encoding, AUDIO_FILES))
ALL = Output(encodings=ALL_FORMATS, captions=tuple(CAPTIONS))

# Renders a job in a process that is killed at the given event of Python's audit.
RENDER_AND_DIE = """
import os, pickle, signal, sys
from rimebatch.renderer.job import render_job
*arguments, fatal_event, survived_events = pickle.load(sys.stdin.buffer)

def die(event, _):
    global survived_events
    if event == fatal_event:
        survived_events -= 1
        if survived_events < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
render_job(*arguments)
"""


def gabble(segment: Segment) -> Sequence[Event]:
    """Return so many words in so little audio that the sidecar is the larger file."""
    return speak_oddly(segment, 100, [(0.0, 0.0)] * 50)


def damage(take: RecordedTake) -> None:
    """Change one byte of *take*, on the disk."""
    content = bytearray(take.path.read_bytes())
    content[take.record.end - 5] ^= 1
    take.path.write_bytes(content)


def kill(
    job: PlannedJob,
    takes: Mapping[str, RecordedTake],
    folder: Path,
    fatal_event: str,
    survived_events: int,
) -> None:
    """Render *job* in a process that is killed at that event."""
    arguments = pickle.dumps((job, takes, folder, fatal_event, survived_events))
    command = [sys.executable, "-c", RENDER_AND_DIE]
    code = subprocess.run(command, input=arguments, check=False).returncode

    assert -signal.SIGKILL == code


def test_render_job(tmp_path: Path, record: Record) -> None:
    """The audio holds the takes one after another."""
    job = plan_text(title="The «Title»")
    takes = record(tmp_path, job, speak)

    found = render_job(job, takes, tmp_path)

    files = name_files(job, tmp_path)
    assert RenderedJob(files, frames=80 * (4 + 8 + 20), rate_hz=RATE_HZ) == found
    assert {"ch01.wav", "ch01.words.json"} == read_outputs(tmp_path).keys()
    assert 0.32 == found.seconds
    with soundfile.SoundFile(found.audio) as audio:
        assert ("The «Title»", RATE_HZ) == (audio.title, audio.samplerate)
        assert ("WAV", "PCM_16", 1) == (audio.format, audio.subtype, audio.channels)
        assert [1] * found.frames == audio.read(dtype="int16").tolist()


def test_stage_job(tmp_path: Path, record: Record) -> None:
    """Files are complete before they are published, and gone if they never are."""
    job = plan_quick_text()
    takes = record(tmp_path, job, speak_aloud)
    with stage_job(job, takes, tmp_path) as staged:
        before = sorted(read_outputs(tmp_path).values())

        assert ((), True) == (staged.doubts, staged.passes)
        assert None is is_rendered(job, takes, tmp_path)

    unpublished = read_outputs(tmp_path)
    with stage_job(job, takes, tmp_path) as staged:
        rendered = staged.publish()

    assert {} == unpublished
    assert before == sorted(read_outputs(tmp_path).values())
    assert rendered == staged.rendered == is_rendered(job, takes, tmp_path)


def test_sidecar(tmp_path: Path, record: Record) -> None:
    """The sidecar says where everything lies in the audio."""
    job = plan_text()

    found = render_job(job, record(tmp_path, job, speak), tmp_path)

    sidecar = json.loads(found.sidecar.read_bytes())
    audio, segments = sidecar["audio"], sidecar["segments"]
    assert ("ch01.wav", found.frames) == (audio["file"], audio["frames"])
    assert [(0, 320), (320, 960), (960, 2560)] == [
        (segment["start_frame"], segment["end_frame"]) for segment in segments
    ]
    assert [0.0, 0.04, 0.07, 0.12, 0.18, 0.24] == [
        word["start_s"] for word in sidecar["words"]
    ]


def test_same_bytes(tmp_path: Path, record: Record) -> None:
    """The same takes make the same files, whichever transcripts hold them."""
    job = plan_text()
    first, second = tmp_path / "first", tmp_path / "second"
    render_job(job, record(first, job, speak), first)
    record(second, job, speak_louder)
    takes = record(second, job, speak)
    render_job(job, takes, second)

    rendered_once = read_outputs(second)
    render_job(job, takes, second)

    assert read_outputs(first) == rendered_once == read_outputs(second)


def test_names(tmp_path: Path, record: Record) -> None:
    """A job's id is the name of its files, in any script and at its longest."""
    job = plan_text(job_id="Überraschung_" + "語" * 35)

    found = render_job(job, record(tmp_path, job, speak), tmp_path)

    assert {f"{job.id}.wav", f"{job.id}.words.json"} == read_outputs(tmp_path).keys()
    assert found == is_rendered(job, record(tmp_path, job, speak), tmp_path)


def test_is_rendered(tmp_path: Path, record: Record) -> None:
    """A job is rendered once its files are there."""
    job = plan_text()
    takes = record(tmp_path, job, speak)

    assert None is is_rendered(job, takes, tmp_path)
    assert render_job(job, takes, tmp_path) == is_rendered(job, takes, tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        plan_text(title="Another"),
        plan_text(f" {TEXT}"),
        plan_text("Two two.\n\nOne.\n\nThree, three, three."),
        plan_text("One."),
        plan_text(output=Output(pauses=Pauses(paragraph=0.1))),
        plan_text(output=Output(trim=Trim())),
        plan_text(output=Output(encodings=(Encoding("flac"),))),
        plan_text(output=Output(captions=("srt",))),
        plan_text(output=Output(rate_hz=16_000)),
        plan_text(output=Output(artist="Somebody")),
    ],
)
def test_is_rendered_after_a_change(
    tmp_path: Path, record: Record, changed: PlannedJob
) -> None:
    """A job that changed is not rendered, even if it needs no new take."""
    job = plan_text()
    takes = record(tmp_path, job, speak)
    render_job(job, takes, tmp_path)

    found = is_rendered(changed, takes, tmp_path)

    assert None is found


def test_is_rendered_after_another_take(tmp_path: Path, record: Record) -> None:
    """A job with a take other than the one it was made of is not rendered."""
    job = plan_text()
    render_job(job, record(tmp_path, job, speak), tmp_path)

    found = is_rendered(job, record(tmp_path, job, speak_louder), tmp_path)

    assert None is found


@pytest.mark.parametrize("name", ["ch01.wav", "ch01.words.json"])
@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-2]),
        lambda path: path.write_bytes(path.read_bytes() + b"?"),
    ],
)
def test_is_rendered_without_a_file(
    tmp_path: Path, record: Record, name: str, spoil: Callable[[Path], object]
) -> None:
    """A job with a file missing, cut or grown is not rendered."""
    job = plan_text()
    takes = record(tmp_path, job, speak)
    render_job(job, takes, tmp_path)
    spoil(tmp_path / name)

    found = is_rendered(job, takes, tmp_path)

    assert None is found


def test_is_rendered_in_every_format(tmp_path: Path, record: Record) -> None:
    """Every audio file has to be whole, and every caption there."""
    job = plan_text(output=ALL)
    takes = record(tmp_path, job, speak_at_length)
    made = render_job(job, takes, tmp_path)
    noticed = []
    for path in made.files.all:
        content = path.read_bytes()
        path.unlink()
        without = is_rendered(job, takes, tmp_path)
        path.write_bytes(content[:-2])
        cut = is_rendered(job, takes, tmp_path)
        noticed.append((without, cut))
        path.write_bytes(content)

    assert made == is_rendered(job, takes, tmp_path)
    captions = len(made.files.captions)
    assert (
        [(None, None)] * len(made.files.audio)
        + [(None, made)] * captions
        + [(None, None)]
    ) == noticed


def test_missing_take(tmp_path: Path, record: Record) -> None:
    """A job with a take missing is not rendered, and cannot be."""
    job = plan_text()
    takes = dict(record(tmp_path, job, speak))
    render_job(job, takes, tmp_path)
    earlier = read_outputs(tmp_path)
    del takes[job.segments[1].key]

    with pytest.raises(TranscriptError, match=r"^ch01: 1 of 3 segments are not "):
        render_job(job, takes, tmp_path)

    assert None is is_rendered(job, takes, tmp_path)
    assert earlier == read_outputs(tmp_path)


def test_wrong_sound(tmp_path: Path, record: Record) -> None:
    """A take that is not what was asked for is an error, and no file is made."""
    job = plan_text(audio_format="mp3", output=ALL)
    takes = record(tmp_path, job, lambda s: speak_encoded(s, lambda _: b"sound"))

    with pytest.raises(AudioError, match="which is not MP3"):
        render_job(job, takes, tmp_path)

    assert {} == read_outputs(tmp_path)


def test_damaged_take(tmp_path: Path, record: Record) -> None:
    """A damaged take is an error, and earlier files stay as they are."""
    job = plan_text()
    render_job(job, record(tmp_path, job, speak), tmp_path)
    earlier = read_outputs(tmp_path)
    takes = record(tmp_path, job, speak_louder)
    damage(takes[job.segments[2].key])

    with pytest.raises(TranscriptError, match="damaged"):
        render_job(job, takes, tmp_path)

    assert earlier == read_outputs(tmp_path)


def test_impossible_folder(tmp_path: Path, record: Record) -> None:
    """A folder that cannot be is an error."""
    job = plan_text()
    takes = record(tmp_path, job, speak)
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=r"ch01\.wav: cannot write: Not a"):
        render_job(job, takes, tmp_path / "file" / "folder")


@pytest.mark.parametrize(
    ("room_bytes", "name"),
    [(0, "ch01.wav"), (200, "ch01.wav"), (2000, "ch01.words.json")],
)
def test_full_disk(
    tmp_path: Path, record: Record, full_disk: FullDisk, room_bytes: int, name: str
) -> None:
    """A disk that fills up is an error, and earlier files stay as they are."""
    job = plan_text("One.")
    render_job(job, record(tmp_path, job, gabble), tmp_path)
    earlier = read_outputs(tmp_path)
    takes = record(tmp_path, job, lambda s: [*gabble(s)[:-1], *gabble(s)])

    with full_disk(room_bytes), pytest.raises(OutputError, match=f"{name}: cannot"):
        render_job(job, takes, tmp_path)

    assert earlier == read_outputs(tmp_path)


def test_folder_in_the_way(tmp_path: Path, record: Record) -> None:
    """What cannot be published is not left behind."""
    job = plan_text()
    (tmp_path / "ch01.words.json").mkdir()

    with pytest.raises(OutputError, match=r"words\.json: cannot write"):
        render_job(job, record(tmp_path, job, speak), tmp_path)

    assert {} == read_outputs(tmp_path)


@pytest.mark.parametrize(
    ("fatal_event", "survived_events"),
    [("os.remove", 0), ("os.rename", 0), ("os.rename", 1)],
)
def test_killed(
    tmp_path: Path, record: Record, fatal_event: str, survived_events: int
) -> None:
    """Killed while files are moved, no job passes for rendered that is not."""
    job = plan_text()
    earlier_takes = record(tmp_path, job, speak)
    takes = record(tmp_path, job, speak_louder)
    render_job(job, takes, tmp_path)
    complete = read_outputs(tmp_path)
    render_job(job, earlier_takes, tmp_path)
    earlier = read_outputs(tmp_path)

    kill(job, takes, tmp_path, fatal_event, survived_events)

    is_earlier = is_rendered(job, earlier_takes, tmp_path) is not None
    assert is_earlier == (earlier.items() <= read_outputs(tmp_path).items())
    assert None is is_rendered(job, takes, tmp_path)
    render_job(job, takes, tmp_path)
    assert complete == read_outputs(tmp_path)


def test_several_formats(tmp_path: Path, record: Record) -> None:
    """All files come from one job; the WAV is the same, alone or among others."""
    alone, among = plan_text(), plan_text(output=ALL)
    takes = record(tmp_path, alone, speak_at_length)
    expected = render_job(alone, takes, tmp_path).audio.read_bytes()

    found = render_job(among, takes, tmp_path)

    names = [f"ch01{SUFFIXES[format_]}" for format_ in AUDIO_FILES]
    captions = [f"ch01{writer.suffix}" for writer in CAPTIONS.values()]
    assert [*names, *captions, "ch01.words.json"] == [f.name for f in found.files.all]
    assert set(read_outputs(tmp_path)) == {file.name for file in found.files.all}
    assert expected == found.audio.read_bytes()
    assert [3 * RATE_HZ] * len(names) == [
        soundfile.info(audio).frames for audio in found.files.audio
    ]
    assert found == is_rendered(among, takes, tmp_path)


def test_same_bytes_in_every_format(tmp_path: Path, record: Record) -> None:
    """Rendered twice, every file is the same, levelled and resampled as well."""
    goal = Goal(Target(-20.0, "dB RMS"), Peak(-3.0, "dB"))
    job = plan_text(output=replace(ALL, rate_hz=16_000, loudness=goal))
    first, second = tmp_path / "first", tmp_path / "second"
    render_job(job, record(first, job, speak_at_length), first)
    render_job(job, record(second, job, speak_at_length), second)

    once = read_outputs(second)
    render_job(job, record(second, job, speak_at_length), second)

    assert read_outputs(first) == once == read_outputs(second)
    assert len(once) == len(AUDIO_FILES) + len(CAPTIONS) + 1


def test_resampled(tmp_path: Path, record: Record) -> None:
    """At another rate all is as long, and words and captions lie where they do."""
    takes = record(tmp_path, plan_text(), speak_at_length)
    usual = render_job(plan_text(), takes, tmp_path / "a")
    output = Output(rate_hz=22_050, captions=("csv",))
    job = plan_text(output=output)

    found = render_job(job, takes, tmp_path / "b")

    first, second = (json.loads(made.sidecar.read_bytes()) for made in (usual, found))
    frames = count_resampled(usual.frames, RATE_HZ, 22_050)
    assert (frames, 22_050) == (found.frames, found.rate_hz)
    assert frames == soundfile.info(found.audio).frames
    assert usual.seconds == found.seconds
    for at in ("start_frame", "end_frame"):
        assert [
            count_resampled(segment[at], RATE_HZ, 22_050)
            for segment in first["segments"]
        ] == [segment[at] for segment in second["segments"]]
    for at in ("start_s", "end_s"):
        times_s = [word[at] for word in second["words"]]
        assert times_s == pytest.approx(
            [word[at] for word in first["words"]], abs=1 / 22_050
        )
        assert max(times_s) <= second["audio"]["seconds"]
    rows = found.files.captions["csv"].read_text().splitlines()
    assert len(second["words"]) == len(rows) - 1


def test_stale_files(tmp_path: Path, record: Record) -> None:
    """What the job was rendered to before and is not now is removed, and only that."""
    job = plan_text(output=ALL)
    takes = record(tmp_path, job, speak_at_length)
    render_job(job, takes, tmp_path)
    others = {"ch01.mp3.bak", "ch02.mp3", "ch01.md", "notes.txt", "ch01b.flac"}
    for name in others:
        (tmp_path / name).write_text("Mine.")
    fewer = plan_text(
        output=Output(encodings=(Encoding("wav"), Encoding("opus")), captions=("vtt",))
    )

    render_job(fewer, takes, tmp_path)

    now = {"ch01.wav", "ch01.opus", "ch01.vtt", "ch01.words.json"}
    assert now | others == read_outputs(tmp_path).keys()
    assert {"Mine."} == {(tmp_path / name).read_text() for name in others}


def test_a_file_that_it_did_not_make(tmp_path: Path, record: Record) -> None:
    """A file of one of its names that no sidecar tells of is left alone."""
    job = plan_text()
    (tmp_path / "ch01.mp3").write_text("Mine.")

    render_job(job, record(tmp_path, job, speak), tmp_path)
    render_job(job, record(tmp_path, job, speak_louder), tmp_path)

    assert "Mine." == (tmp_path / "ch01.mp3").read_text()


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/", "ch02.wav", "a/ch01.mp3", "../ch01.mp3", "ch01.\0", "ch01"],
)
def test_a_sidecar_that_names_anything(
    tmp_path: Path, record: Record, name: str
) -> None:
    """Whatever a sidecar says was made, nothing but the job's own names is removed."""
    job, folder = plan_text(), tmp_path / "outputs"
    takes = record(folder, job, speak)
    made = render_job(job, takes, folder)
    sidecar = json.loads(made.sidecar.read_bytes())
    made.sidecar.write_text(json.dumps({**sidecar, "files": [name]}))
    (folder / "a").mkdir()
    mine = [folder / "a/ch01.mp3", tmp_path / "ch01.mp3", folder / "ch02.wav"]
    for path in mine:
        path.touch()

    render_job(job, takes, folder)

    assert all(path.exists() for path in mine)


def test_stale_files_of_doubts(tmp_path: Path, record: Record) -> None:
    """Files that are not published leave all that was there as it is."""
    takes = record(tmp_path, plan_text(), speak_at_length)
    render_job(plan_text(output=ALL), takes, tmp_path)
    before = read_outputs(tmp_path)
    with stage_job(plan_text(), takes, tmp_path) as staged:
        names = {path.name for path in staged.stale}

    assert before == read_outputs(tmp_path)
    assert before.keys() - {"ch01.wav", "ch01.words.json"} == names


def test_a_stale_file_that_cannot_be_removed(tmp_path: Path, record: Record) -> None:
    """A folder in the place of a stale file is an error that names it."""
    takes = record(tmp_path, plan_text(), speak)
    made = render_job(plan_text(output=Output(captions=("vtt",))), takes, tmp_path)
    made.files.captions["vtt"].unlink()
    made.files.captions["vtt"].mkdir()

    with pytest.raises(OutputError, match=r"ch01\.vtt: cannot write: Is a directory"):
        render_job(plan_text(), takes, tmp_path)


@pytest.mark.parametrize("survived_events", [0, 3, 6])
def test_killed_with_stale_files(
    tmp_path: Path, record: Record, survived_events: int
) -> None:
    """Killed between any two removals, neither the old job passes nor the new one."""
    before = plan_text(output=Output(captions=tuple(CAPTIONS)))
    after = plan_text()
    takes = record(tmp_path, before, speak)
    render_job(before, takes, tmp_path)

    kill(after, takes, tmp_path, "os.remove", survived_events)

    old, new = (is_rendered(job, takes, tmp_path) for job in (before, after))
    assert (survived_events == 0, False) == (old is not None, new is not None)
    render_job(after, takes, tmp_path)
    assert {"ch01.wav", "ch01.words.json"} == read_outputs(tmp_path).keys()


def test_impossible_caption(tmp_path: Path, record: Record) -> None:
    """Captions that cannot be written are an error that names them."""
    job = plan_text(output=Output(captions=("vtt",)))
    (tmp_path / ".ch01.vtt.part").mkdir()

    with pytest.raises(OutputError, match=r"ch01\.vtt: cannot write: Is a directory"):
        render_job(job, record(tmp_path, job, speak), tmp_path)

    assert {} == read_outputs(tmp_path)


@pytest.mark.parametrize("caption", CAPTIONS)
def test_captions(tmp_path: Path, record: Record, caption: str) -> None:
    """Each kind of captions shows every word as it is printed."""
    job = plan_text("Say   “no”, please!", output=Output(captions=(caption,)))

    found = render_job(job, record(tmp_path, job, speak), tmp_path)

    content = found.files.captions[caption].read_text("utf-8")
    assert all(word in content for word in ("Say", "“no”", "please"))

"""The whole: a story is told, interrupted and told again, by the command line alone."""

import os
import select
import signal
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from fakes.users import COMMAND, Line, read_lines, serve_in_thread, start
from rimebatch.manifest.load import Job, load_manifest
from rimebatch.transcript import read_entries

JOBS = Path(__file__).parents[1] / "jobs"
STORY = load_manifest(JOBS / "story.yaml")
CANARY = "canary-0815-4711"


class Segment(msgspec.Struct):
    """One segment of a sidecar."""

    text: str
    start_frame: int
    end_frame: int
    start_s: float
    end_s: float
    first_word: int
    words: int


class Word(msgspec.Struct):
    """One word of a sidecar."""

    text: str
    segment: int
    start_s: float
    end_s: float


class Audio(msgspec.Struct):
    """The file that a sidecar is about."""

    file: str
    sampling_rate_hz: int
    frames: int
    seconds: float


class Sidecar(msgspec.Struct):
    """What a reader of word times needs."""

    audio: Audio
    segments: list[Segment]
    words: list[Word]


def run(
    *arguments: str | Path, folder: Path, key: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end in *folder*."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **({"RIME_API_KEY": key} if key else {})},
        capture_output=True,
        text=True,
        check=False,
    )


def read_files(folder: Path) -> dict[str, bytes]:
    """Return what was made for listeners: no transcripts, no plans and no ledger."""
    folder = folder / "outputs/story"
    paths = [*folder.glob("*.wav"), *folder.glob("*.words.json")]
    return {path.name: path.read_bytes() for path in paths}


def read_sidecar(folder: Path, job: str) -> Sidecar:
    """Return the sidecar of a job of the story that was told in *folder*."""
    path = folder / "outputs" / "story" / f"{job}.words.json"
    return msgspec.json.decode(path.read_bytes(), type=Sidecar)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tell the story without an interruption; where."""
    folder = tmp_path_factory.mktemp("told")
    done = run("run", STORY.path, "--json", folder=folder)
    assert 0 == done.returncode, done.stderr
    return folder


def find_words(text: str) -> list[str]:
    """Return what stands between white space, unless it is a dash or a row of stars."""
    return [word for word in text.split() if any(map(str.isalnum, word))]


@pytest.mark.parametrize("job", STORY.jobs, ids=lambda job: job.id)
def test_every_word_is_there(told: Path, job: Job) -> None:
    """Each word of the text appears once, in order, in the segments and their words."""
    sidecar = read_sidecar(told, job.id)
    text = job.text or ""
    segments = [segment.text for segment in sidecar.segments]

    assert find_words(text) == find_words(" ".join(segments))
    assert " ".join(segments).split() == [word.text for word in sidecar.words]


@pytest.mark.parametrize("job", STORY.jobs, ids=lambda job: job.id)
def test_the_audio_is_the_segments(told: Path, job: Job) -> None:
    """Segments follow each other without a gap, and the last ends with the audio."""
    sidecar = read_sidecar(told, job.id)
    with wave.open(str(told / "outputs/story" / sidecar.audio.file)) as audio:
        frames, rate_hz = audio.getnframes(), audio.getframerate()
    ends = [segment.end_frame for segment in sidecar.segments]

    assert (frames, rate_hz) == (sidecar.audio.frames, sidecar.audio.sampling_rate_hz)
    assert [0, *ends[:-1]] == [segment.start_frame for segment in sidecar.segments]
    assert frames == ends[-1]
    assert frames / rate_hz == pytest.approx(sidecar.segments[-1].end_s, abs=1e-6)
    assert all(segment.start_frame < segment.end_frame for segment in sidecar.segments)


@pytest.mark.parametrize("job", STORY.jobs, ids=lambda job: job.id)
def test_every_word_lies_in_its_segment(told: Path, job: Job) -> None:
    """No word begins before its segment, ends after it or precedes its neighbour."""
    sidecar = read_sidecar(told, job.id)
    outside = [
        word
        for index, segment in enumerate(sidecar.segments)
        for word in sidecar.words[segment.first_word :][: segment.words]
        if word.segment != index
        or not segment.start_s <= word.start_s <= word.end_s <= segment.end_s
    ]
    starts = [word.start_s for word in sidecar.words]

    assert [] == outside
    assert sorted(starts) == starts


def test_render_makes_the_same_bytes(told: Path) -> None:
    """However often the story is rendered, its files are the same, byte for byte."""
    before = read_files(told)
    for _ in range(2):
        for name in before:
            (told / "outputs/story" / name).unlink()

        done = run("render", STORY.path, "--quiet", folder=told)

        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
        assert before == read_files(told)
    assert 2 * len(STORY.jobs) == len(before)


def test_nothing_is_bought_twice(told: Path) -> None:
    """Told again, the story costs nothing."""
    done = run("run", STORY.path, "--json", folder=told)

    ended = read_lines(done.stdout)[-1]
    assert (0, 0) == (done.returncode, ended.sent_chars)
    assert ended.reused_chars > 15_000


@dataclass
class Broken:
    """A telling that was broken off."""

    lines: list[Line]
    exit_code: int
    said: str
    service_is_gone: bool


def chars_of(event: str, lines: list[Line]) -> dict[tuple[str, int], int]:
    """Return the characters of each segment that *event* tells of."""
    told = (line for line in lines if line.event == event)
    return {(line.job, line.segment): line.chars for line in told}


def break_off(folder: Path, kind: signal.Signals, after_chars: int) -> Broken:
    """Tell the story until *after_chars* are on record, and then send a signal."""
    recorded_chars = 0
    text = ""
    with start("run", STORY.path, "--json", "--out", folder / "outputs") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while recorded_chars < after_chars:
            text += (line := process.stdout.readline())
            [read] = read_lines(line)
            recorded_chars += read.chars * (read.event == "take-recorded")
        [service] = find_children(process.pid)
        watch = os.pidfd_open(service)
        process.send_signal(kind)
        text += process.stdout.read()
        said = process.stderr.read()
    gone, _, _ = select.select([watch], [], [], 30)
    os.close(watch)
    whole_lines = text[: text.rindex("\n") + 1]  # SIGKILL may cut the last one
    return Broken(read_lines(whole_lines), process.returncode, said, gone == [watch])


def find_children(pid: int) -> list[int]:
    """Return the processes that the process *pid* has started and that are running."""
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text()
        except (FileNotFoundError, ProcessLookupError):  # it ended in this moment
            continue
        _state, parent, *_ = stat.rpartition(")")[2].split()
        if int(parent) == pid:
            children.append(int(path.parent.name))
    return children


def check_going_on(told: Path, folder: Path, broken: Broken) -> None:
    """Check that the story goes on where it was broken off, and ends the same."""
    asked = chars_of("segment-asked", broken.lines)
    recorded = chars_of("take-recorded", broken.lines)
    in_flight = {place: asked[place] for place in asked.keys() - recorded.keys()}

    done = run("run", STORY.path, "--json", folder=folder)
    lines = read_lines(done.stdout)

    ended = lines[-1]
    whole_chars = ended.sent_chars + ended.reused_chars
    sent_chars = sum(asked.values()) + ended.sent_chars
    assert 0 == done.returncode
    assert len(in_flight) <= STORY.concurrency
    assert whole_chars <= sent_chars <= whole_chars + sum(in_flight.values())
    assert set() == recorded.keys() & chars_of("segment-asked", lines).keys()
    assert 0 < ended.reused_chars < whole_chars
    assert read_files(told) == read_files(folder)


@pytest.mark.slow
def test_ctrl_c(told: Path, tmp_path: Path) -> None:
    """Ctrl-C stops cleanly, says how to go on, and costs what was in flight at most."""
    broken = break_off(tmp_path, signal.SIGINT, after_chars=1)

    transcripts = list(tmp_path.rglob("*.jsonl"))
    ended = broken.lines[-1]
    assert (130, 130) == (broken.exit_code, ended.exit_code)
    assert "run the same command again" in broken.said
    assert "Traceback" not in broken.said
    assert broken.service_is_gone
    assert ended.stopped >= 1
    assert sum(chars_of("segment-asked", broken.lines).values()) == ended.sent_chars
    assert [] != transcripts
    for path in transcripts:
        assert "sealed" == [entry.kind for entry in read_entries(path)][-1]
    check_going_on(told, tmp_path, broken)


@pytest.mark.slow
def test_kill(told: Path, tmp_path: Path) -> None:
    """Killed half-way, it leaves no service behind and goes on from the last take."""
    broken = break_off(tmp_path, signal.SIGKILL, after_chars=8_000)

    assert -signal.SIGKILL == broken.exit_code
    assert broken.service_is_gone
    check_going_on(told, tmp_path, broken)


@pytest.mark.parametrize("local", [True, False])
def test_the_key_is_nowhere(tmp_path: Path, local: bool) -> None:
    """The key is in no file and in no output, whoever it was or was not meant for."""
    with serve_in_thread(CANARY) as url:
        endpoint = "local" if local else url
        done = run(
            *("run", JOBS / "hello.yaml", "--json", "--endpoint", endpoint),
            folder=tmp_path,
            key=CANARY,
        )

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert 0 == done.returncode, done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert [] == [path for path in files if CANARY.encode() in path.read_bytes()]
    kinds = {path.suffix or path.name for path in files}
    assert {".wav", ".json", ".jsonl", ".lock", ".html"} == kinds


def test_the_page_s_own_conversation(tmp_path: Path) -> None:
    """The example of the page is spoken as the page says: what was cleared is not."""
    done = run("run", JOBS / "raw.yaml", "--quiet", folder=tmp_path)

    sidecar = (tmp_path / "outputs/raw/raw.words.json").read_bytes()
    words = msgspec.json.decode(sidecar, type=Sidecar).words
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    assert "This is an incomplete sentence" == " ".join(word.text for word in words)

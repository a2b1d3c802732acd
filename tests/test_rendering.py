"""The renderer as a whole: every format that people ask for, from one record.

The tone voice speaks, whose word borders can be found in the signal: a letter sounds
from its first frame to its last, and everything between words is silent.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile
import webvtt
from numpy.typing import NDArray
from praatio import textgrid

from fakes.ffmpeg import decode, needs_ffmpeg
from fakes.users import invoke, read_lines, serve_in_thread
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.manifest.encoding import AUDIO_FILES, SUFFIXES, AudioFile
from rimebatch.renderer.captions import CAPTIONS
from rimebatch.renderer.loudness import measure
from rimebatch.server.voices import ToneVoice
from rimebatch.server.voices.tone import FRAMES_PER_CHARACTER

KEY: Final = "any-key"
RATE_HZ: Final = 24_000  # of the tone voice: nothing is resampled on the way
TEXTS: Final = {
    "one": "Over  the hills and, far away.\n\nNobody came, “nobody” left.",
    "two": "It rained all night.",
}
EVERYTHING: Final = (
    f"{{format: [{', '.join(AUDIO_FILES)}], captions: [{', '.join(CAPTIONS)}], "
    "pauses: {head: 0.5, paragraph: 0.75, tail: 1}, tags: {album: Book}}"
)
SOUND: Final = 0.1  # of the loudest: what is softer is silence, or a codec's echo
HOLE_FRAMES: Final = FRAMES_PER_CHARACTER // 2  # between words there is a whole one
RAMP_FRAMES: Final = 48  # in which a letter fades in and out
# The frames that a codec codes together, at 24 kHz; of Vorbis, its long blocks.
CODEC_FRAMES: Final = {"mp3": 576, "opus": 480, "ogg": 1024}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Record two jobs with everything that can be made of them; where."""
    folder = tmp_path_factory.mktemp("told")
    with pytest.MonkeyPatch.context() as patch, serve_in_thread(KEY) as url:
        patch.setenv("RIME_API_KEY", KEY)
        (folder / "url").write_text(url)
        done = invoke("run", write_manifest(folder), "--out", folder / "out")
        assert 0 == done.exit_code, done.output
        yield folder


@pytest.fixture
def mine(told: Path, tmp_path: Path) -> Path:
    """Copy what was told, to be changed."""
    folder = tmp_path / "mine"
    shutil.copytree(told, folder)
    return folder


def write_manifest(folder: Path, output: str = EVERYTHING) -> Path:
    """Write the manifest in *folder*, with that *output*, and return its path."""
    lines = [
        "manifest: 1",
        f"endpoint: {(folder / 'url').read_text()}",
        "voice:",
        "  {speaker: luna, modelId: arcana, audioFormat: pcm,",
        f"  samplingRate: {RATE_HZ}}}",
        f"output: {output}",
        "jobs:",
        *(
            f"  - {{id: {job}, title: The {job}, text: {json.dumps(text)}}}"
            for job, text in TEXTS.items()
        ),
    ]
    path = folder / "book.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make(command: str, folder: Path, output: str) -> int:
    """Run *command* with that *output*; return how many characters were sent."""
    path = write_manifest(folder, output)
    done = invoke(command, path, "--out", folder / "out", "--json")
    assert 0 == done.exit_code, done.output
    return read_lines(done.stdout)[-1].sent_chars


def read_files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return inode and content of each file for listeners, by its name."""
    files = (path for path in (folder / "out/book").glob("*.*") if path.is_file())
    return {
        path.name: (path.stat().st_ino, path.read_bytes())
        for path in files
        if path.name not in ("ledger.json", "report.html")
    }


def read_words(folder: Path, job: str) -> list[tuple[float, float]]:
    """Return where each word of *job* begins and ends, in frames, by its sidecar."""
    content = json.loads((folder / f"out/book/{job}.words.json").read_bytes())
    rate_hz = content["audio"]["sampling_rate_hz"]
    return [
        (word["start_s"] * rate_hz, word["end_s"] * rate_hz)
        for word in content["words"]
    ]


def find_words(sound: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return where each word of *sound* begins and ends, by what is heard."""
    loud = np.flatnonzero(np.abs(sound) > SOUND * np.abs(sound).max())
    breaks = np.flatnonzero(np.diff(loud) > HOLE_FRAMES)
    starts, ends = loud[[0, *(breaks + 1)]], loud[[*breaks, -1]] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


@pytest.mark.parametrize(("job", "text"), TEXTS.items())
def test_the_wav_is_what_was_spoken(told: Path, job: str, text: str) -> None:
    """Pauses and takes stand in the file to the frame, and so do words."""
    voice = ToneVoice()
    expected = [np.zeros(RATE_HZ // 2, np.int16)]
    words = []
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            expected.append(np.zeros(RATE_HZ * 3 // 4, np.int16))
        start = sum(map(len, expected))
        spoken = voice.speak(paragraph, speaker="luna", lang="eng")
        words += [(start + word.start, start + word.end) for word in spoken.words]
        expected.append(spoken.samples)
    expected.append(np.zeros(RATE_HZ, np.int16))

    found, rate_hz = soundfile.read(told / f"out/book/{job}.wav", dtype="int16")

    assert RATE_HZ == rate_hz
    assert np.array_equal(np.concatenate(expected), found)
    assert np.array(read_words(told, job)) == pytest.approx(np.array(words), abs=1)


@needs_ffmpeg
@pytest.mark.parametrize("format_", AUDIO_FILES)
def test_every_format_holds_the_words(told: Path, format_: AudioFile) -> None:
    """By ffmpeg, each file is as long as the WAV, and words are heard at their time."""
    for job in TEXTS:
        frames = soundfile.info(told / f"out/book/{job}.wav").frames
        sound = decode(told / f"out/book/{job}{SUFFIXES[format_]}")
        times = 2 if format_ == "opus" else 1  # ffmpeg has every Opus at 48 kHz

        assert times * frames == len(sound)
        assert np.array(find_words(sound[::times])) == pytest.approx(
            np.array(read_words(told, job)), abs=CODEC_FRAMES.get(format_, RAMP_FRAMES)
        )


def test_captions(told: Path) -> None:
    """Independent readers find the printed text, each word at its time."""
    folder = told / "out/book"
    printed = TEXTS["one"].replace("  ", " ").split("\n\n")
    words_s = [start / RATE_HZ for start, _ in read_words(told, "one")]

    for captions in (
        webvtt.read(str(folder / "one.vtt")).captions,
        webvtt.from_srt(str(folder / "one.srt")).captions,
    ):
        assert printed == [" ".join(caption.text.split()) for caption in captions]
        assert [words_s[0], words_s[6]] == pytest.approx(
            [float(caption.start[-6:]) for caption in captions], abs=0.002
        )
    grid = textgrid.openTextgrid(folder / "one.TextGrid", includeEmptyIntervals=False)
    tier = grid.getTier("words").entries
    assert words_s == pytest.approx([entry.start for entry in tier], abs=1e-5)
    assert grid.maxTimestamp == soundfile.info(folder / "one.wav").frames / RATE_HZ
    assert printed == [entry.label for entry in grid.getTier("segments").entries]
    for name in ("one.lrc", "one.labels.txt", "one.words.csv"):
        content = (folder / name).read_text("utf-8")
        assert all(word in content for word in ("hills", "Nobody", "nobody"))


def test_a_format_less(mine: Path) -> None:
    """A format that is left out is gone, and nothing else changes but the word times.

    Nothing is sent for it.
    """
    before = read_files(mine)
    (mine / "out/book/one.mp3.txt").write_text("Mine.")
    fewer = EVERYTHING.replace(" mp3,", "").replace(" vtt,", "")

    sent = make("render", mine, fewer)

    after = read_files(mine)
    gone = {f"{job}.{suffix}" for job in TEXTS for suffix in ("mp3", "vtt")}
    assert 0 == sent
    assert before.keys() - gone | {"one.mp3.txt"} == after.keys()
    changed = {
        name
        for name in before.keys() & after.keys()
        if before[name][1] != after[name][1]
    }
    assert {f"{job}.words.json" for job in TEXTS} == changed


@pytest.mark.parametrize(
    "output",
    [
        EVERYTHING.replace("0.75", "0.25"),
        EVERYTHING.replace("Book", "Other"),
        "{format: [mp3, wav], loudness: {target: -20 dB RMS}}",
        "{format: [flac], sampling_rate: 44100, captions: srt}",
    ],
)
def test_changes_cost_nothing(mine: Path, output: str) -> None:
    """Whatever is changed, nothing is sent, and what is made is made again the same."""
    first = make("render", mine, output), read_files(mine)
    again = make("run", mine, output), read_files(mine)  # which leaves all alone
    rendered = make("render", mine, output), read_files(mine)

    assert first == again
    assert {0} == {sent for sent, _ in (first, rendered)}
    assert contents(first[1]) == contents(rendered[1])


def contents(files: Mapping[str, tuple[int, bytes]]) -> dict[str, bytes]:
    """Return what *files* hold, whatever their inodes."""
    return {name: content for name, (_, content) in files.items()}


def test_other_jobs_are_left_alone(mine: Path) -> None:
    """A pause that only one job has renders that one; the files of others stay."""
    before = read_files(mine)

    sent = make("run", mine, EVERYTHING.replace("paragraph: 0.75", "paragraph: 0.5"))

    after = read_files(mine)
    changed = {name for name in before if before[name] != after[name]}
    assert 0 == sent
    assert {name for name in before if name.startswith("one.")} == changed


def test_what_is_the_same_is_left_alone(mine: Path) -> None:
    """Rendering again, or with a pause for one job, touches no job that stays equal."""
    before = read_files(mine)

    make("render", mine, EVERYTHING)
    again = read_files(mine)
    make("render", mine, EVERYTHING.replace("paragraph: 0.75", "paragraph: 0.5"))
    after = read_files(mine)

    changed = {name for name in before if before[name] != after[name]}
    assert before == again
    assert {name for name in before if name.startswith("one.")} == changed


@pytest.mark.parametrize("format_", AUDIO_FILES)
def test_loudness(mine: Path, format_: AudioFile) -> None:
    """What is delivered, decoded, has the loudness that was asked for."""
    make("render", mine, f"{{format: {format_}, loudness: {{target: -20 dB RMS}}}}")

    for job in TEXTS:
        path = mine / f"out/book/{job}{SUFFIXES[format_]}"
        sound, rate_hz = soundfile.read(path, dtype="float32")
        levels = measure([sound], rate_hz)
        told = json.loads((mine / f"out/book/{job}.words.json").read_bytes())
        assert -20 == pytest.approx(levels.rms_db, abs=0.1)
        assert levels.peak_db <= -3
        assert levels.rms_db == pytest.approx(told["loudness"]["rms_db"], abs=0.05)
        assert None is told["loudness"]["shortfall"]


@pytest.mark.slow
def test_verify_and_replay(mine: Path) -> None:
    """All of it is what the record gives, by `verify` and by `replay`, or they say so.

    What differs is named by both.
    """
    folder = mine / "out/book"
    sound = [invoke(command, folder).exit_code for command in ("verify", "replay")]
    for name in ("one.opus", "two.TextGrid"):
        (folder / name).write_bytes((folder / name).read_bytes()[:-1] + b"?")
    (folder / "one.srt").unlink()

    assert [0, 0] == sound
    for command in ("verify", "replay"):
        done = invoke(command, folder, "--json")
        assert ExitCode.DIFFERS == done.exit_code
        assert all(
            name in done.stdout for name in ("one.opus", "two.TextGrid", "one.srt")
        )

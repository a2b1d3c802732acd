"""From the mix to the files: each in its format, at its rate, as loud as is asked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from fakes.disks import largest_file
from fakes.ffmpeg import needs_ffmpeg, read_tags
from fakes.manifests import RATE_HZ
from fakes.takes import Record, plan_text, speak_at_length, speak_oddly
from rimebatch.errors import OutputError
from rimebatch.files import staged
from rimebatch.manifest.encoding import AUDIO_FILES, SUFFIXES, WAV, AudioFile, Encoding
from rimebatch.manifest.levels import Goal, Peak, Target
from rimebatch.manifest.load import Output
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.leveling import Fitted
from rimebatch.renderer.loudness import measure
from rimebatch.renderer.mastering import find_rate_hz, master
from rimebatch.renderer.mix import Mix
from rimebatch.renderer.sound import DISCLOSURE, Resampler, count_resampled
from rimebatch.renderer.sound.reader import open_audio
from rimebatch.renderer.sound.samples import to_int16

RMS = Goal(Target(-20.0, "dB RMS"), Peak(-3.0, "dB"))
OPUS_NOISE = 1e-4  # it decodes digital silence to less than three steps of 16 bits
LUFS = Goal(Target(-18.0, "LUFS"), Peak(-1.0, "dBTP"))


def make(
    folder: Path, record: Record, output: Output
) -> tuple[Fitted | None, list[Path]]:
    """Stage a job of three seconds with that *output*; return what is staged."""
    job = plan_text(output=output)
    return make_job(folder, record, job)


def make_job(
    folder: Path, record: Record, job: PlannedJob
) -> tuple[Fitted | None, list[Path]]:
    """Stage *job*, which takes a second for each of its segments."""
    mix = Mix(job, record(folder, job, speak_at_length))
    finals = [folder / f"a{SUFFIXES[e.format]}" for e in job.output.encodings]
    return master(job, mix, finals), [staged(final) for final in finals]


def read(path: Path) -> NDArray[np.float32]:
    """Return what *path* decodes to."""
    with open_audio(path) as file:
        return np.concatenate(list(file.read(np.float32)))


def test_as_it_is(tmp_path: Path, record: Record) -> None:
    """Without any wish, the file has the samples of the mix."""
    job = plan_text()
    mix = Mix(job, record(tmp_path, job, speak_at_length))

    fitted = master(job, mix, [tmp_path / "a.wav"])

    found, rate_hz = soundfile.read(staged(tmp_path / "a.wav"), dtype="int16")
    assert None is fitted
    assert RATE_HZ == rate_hz == find_rate_hz(job)
    assert np.array_equal(np.concatenate(list(mix.read())), found)


def test_rate(tmp_path: Path, record: Record) -> None:
    """At another rate, the mix is resampled once, into every format."""
    job = plan_text(output=Output((WAV, Encoding("flac")), rate_hz=11_025))
    mix = Mix(job, record(tmp_path, job, speak_at_length))
    finals = [tmp_path / "a.wav", tmp_path / "a.flac"]

    master(job, mix, finals)

    resampler = Resampler(RATE_HZ, 11_025)
    parts = [*(resampler.feed(block) for block in mix.read()), resampler.finish()]
    expected = to_int16(np.concatenate(parts))
    assert 11_025 == find_rate_hz(job)
    assert count_resampled(3 * RATE_HZ, RATE_HZ, 11_025) == len(expected)
    for final in finals:
        found, rate_hz = soundfile.read(staged(final), dtype="int16")

        assert 11_025 == rate_hz
        assert np.array_equal(expected, found)


def test_the_rate_that_it_has(tmp_path: Path, record: Record) -> None:
    """Asking for the rate that there is changes nothing."""
    _, [usual] = make(tmp_path / "a", record, Output())
    _, [found] = make(tmp_path / "b", record, Output(rate_hz=RATE_HZ))

    assert usual.read_bytes() == found.read_bytes()


@pytest.mark.parametrize("goal", [RMS, LUFS], ids=str)
@pytest.mark.parametrize("format_", AUDIO_FILES)
def test_loudness(
    tmp_path: Path, record: Record, format_: AudioFile, goal: Goal
) -> None:
    """The main file, whatever its format, is as loud as was asked when decoded."""
    output = Output((Encoding(format_), Encoding("flac"))[: 1 + (format_ == "wav")])

    fitted, [main, *others] = make(tmp_path, record, replace(output, loudness=goal))

    levels = measure([read(main)], RATE_HZ)
    loudness, peak = {
        "dB RMS": (levels.rms_db, levels.peak_db),
        "LUFS": (levels.loudness_lufs, levels.true_peak_db),
    }[goal.target.scale]
    assert fitted is not None
    assert None is fitted.shortfall
    assert levels == fitted.levels
    assert goal.target.db == pytest.approx(loudness, abs=0.1)
    assert goal.peak.db >= peak
    for other in others:
        assert np.array_equal(read(main), read(other))


def test_the_best_trial_is_kept(tmp_path: Path, record: Record) -> None:
    """Where the goal is out of reach, the files are those that came nearest."""
    goal = Goal(Target(-10.0, "dB RMS"), Peak(-9.5, "dB"))

    fitted, [path] = make(tmp_path, record, Output(loudness=goal))

    assert fitted is not None
    assert fitted.shortfall is not None
    assert measure([read(path)], RATE_HZ) == fitted.levels


@pytest.mark.parametrize("format_", AUDIO_FILES)
def test_silence(tmp_path: Path, record: Record, format_: AudioFile) -> None:
    """Silence is left alone, and that is said."""
    job = plan_text("One.", output=Output((Encoding(format_),), loudness=RMS))
    takes = record(tmp_path, job, lambda s: speak_oddly(s, 2000, []))
    final = tmp_path / "a"

    fitted = master(job, Mix(job, takes), [final])

    assert fitted is not None
    assert None is fitted.leveling
    assert fitted.shortfall == "it is silent, and its level was left alone"
    assert 2000 == fitted.levels.frames
    assert np.abs(read(staged(final))).max() < OPUS_NOISE


@needs_ffmpeg
@pytest.mark.parametrize(
    ("output", "track", "expected"),
    [
        (Output(), 0, {"title": "Title", "comment": DISCLOSURE}),
        (Output(comment=""), 0, {"title": "Title"}),
        (
            Output(artist="A", album="B", comment="C"),
            7,
            {"title": "Title", "artist": "A", "album": "B", "comment": "C"},
        ),
    ],
)
def test_tags(
    tmp_path: Path,
    record: Record,
    output: Output,
    track: int,
    expected: dict[str, str],
) -> None:
    """The file says what it is, and unless told otherwise that nobody spoke it."""
    mp3 = replace(output, encodings=(Encoding("mp3"),))
    job = replace(plan_text(title="Title", output=mp3), track=track)

    _, [path] = make_job(tmp_path, record, job)

    found = read_tags(path)
    assert ("7" if track else None) == found.pop("track", None)
    assert expected.items() <= found.items()
    assert found.keys() - expected.keys() <= {"encoder"}


def test_full_disk(tmp_path: Path, record: Record) -> None:
    """A disk that fills up is an error that names the file."""
    job = plan_text(output=Output((WAV, Encoding("flac"))))
    mix = Mix(job, record(tmp_path, job, speak_at_length))

    with largest_file(4000), pytest.raises(OutputError, match=r"a\.wav: cannot write"):
        master(job, mix, [tmp_path / "a.wav", tmp_path / "a.flac"])

"""``rimebatch check``, of files in several formats."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from fakes.users import invoke
from rimebatch.cli.check import find_files
from rimebatch.errors import PlanError
from rimebatch.files import staged
from rimebatch.manifest.encoding import SUFFIXES, AudioFile, Encoding
from rimebatch.renderer.sound import Tags, open_sound

RATE_HZ = 44_100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the output folder of a run with two jobs that ACX would not refuse."""
    for job in ("ch01", "ch02"):
        add_job(tmp_path, job)
        write(tmp_path, job, "mp3")
    return tmp_path


def add_job(folder: Path, job: str) -> None:
    """Plan *job* in *folder*."""
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "plans" / f"{job}.json").touch()


def write(folder: Path, job: str, name: AudioFile, level: float = 0.17) -> None:
    """Write a file of *job*: a tone between 0.7 s and 1.2 s of silence."""
    path = folder / f"{job}{SUFFIXES[name]}"
    tone = np.sin(np.arange(4 * RATE_HZ) / 20) * level
    head, tail = np.zeros(round(0.7 * RATE_HZ)), np.zeros(round(1.2 * RATE_HZ))
    sound = np.concatenate([head, tone, tail]).astype(np.float32)
    with open_sound(path, RATE_HZ, len(sound), Tags(job), Encoding(name)) as writer:
        writer.write(sound)
    staged(path).rename(path)


def read(output: str) -> list[dict[str, object]]:
    """Return what a program reads from ``--json`` output."""
    return [
        msgspec.json.decode(line, type=dict[str, object])
        for line in output.splitlines()
    ]


def test_all_is_well(folder: Path) -> None:
    """Where all is within its limits the exit code is 0, and the source is told."""
    result = invoke("check", folder, "--profile", "acx")

    assert (0, "") == (result.exit_code, result.stderr)
    assert "ch01.mp3" in result.stdout
    assert "technical checks only" in result.stdout
    assert "Read 2026-" in result.stdout
    assert "Everything is within its limits." in result.stdout
    assert "outside" not in result.stdout
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "bit rate 192 kbit/s at least 192 kbit/s within" in rows
    assert "sampling rate 44,100 Hz 44,100 Hz within" in rows
    assert "noise floor -inf dB at most -60 dB within" in rows


def test_one_is_outside(folder: Path) -> None:
    """What is outside of a limit is marked and named, and the exit code is 10."""
    write(folder, "ch02", "mp3", level=0.05)
    result = invoke("check", folder, "--profile", "acx")
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]

    assert 10 == result.exit_code
    assert 1 == sum(row.endswith("outside") for row in rows)
    assert any(row.startswith("RMS -3") and row.endswith("outside") for row in rows)
    assert "Of 2 files outside of a limit: ch02.mp3" in rows
    assert "Everything" not in result.stdout


def test_several_formats(folder: Path) -> None:
    """Of a job in several formats, those are judged that can be delivered."""
    for name in ("wav", "ulaw", "ogg"):
        write(folder, "ch01", name)
    acx = invoke("check", folder, "--profile", "acx")
    [*every, last] = read(invoke("check", folder, "--json").stdout)

    assert 0 == acx.exit_code
    assert "ch01.wav, ch01.ogg, ch01.ulaw.wav" in acx.stdout
    names = ["ch01.wav", "ch01.mp3", "ch01.ogg", "ch01.ulaw.wav", "ch02.mp3"]
    assert names == [Path(str(line["file"])).name for line in every]
    assert [] == last["left_out"]


def test_a_format_that_cannot_be_delivered(folder: Path) -> None:
    """A job without any file that could be delivered is outside by its format."""
    (folder / "ch01.mp3").unlink()
    write(folder, "ch01", "wav")
    result = invoke("check", folder, "--profile", "acx", "--json")
    first, _, last = read(result.stdout)

    assert 10 == result.exit_code
    assert [str(folder / "ch01.wav")] == last["outside"]
    measures = first["measures"]
    assert isinstance(measures, dict)
    assert {
        "value": "wav",
        "limit": {"one_of": ["mp3"]},
        "is_met": False,
    } == measures["format"]


def test_a_job_without_files(folder: Path) -> None:
    """A job that has no file is told, and what is there is measured all the same."""
    add_job(folder, "ch03")
    result = invoke("check", folder, "--profile", "acx")

    assert 10 == result.exit_code
    assert "ch03: has no audio file; `rimebatch run` makes it" in result.stdout
    for path in folder.glob("*.mp3"):
        path.unlink()
    assert 10 == invoke("check", folder).exit_code


def test_only_measured(folder: Path) -> None:
    """Without a profile nothing is asked, and how things are measured is told."""
    result = invoke("check", folder)

    assert 0 == result.exit_code
    assert "of mp3: constant if all frames are of one size" in result.stdout
    assert "within" not in result.stdout
    assert "Nothing is asked." in result.stdout


def test_programs(folder: Path) -> None:
    """Programs get a line for each file and one for the run, with every figure."""
    result = invoke("check", folder, "--profile", "acx", "--json")
    first, _, last = read(result.stdout)
    measures, of_run = first["measures"], last["measures"]

    assert 0 == result.exit_code
    assert (1, "file-checked", "ch01", str(folder / "ch01.mp3")) == (
        first["rimebatch"],
        first["event"],
        first["job"],
        first["file"],
    )
    assert isinstance(measures, dict)
    assert {
        "value": "-inf",
        "limit": {"least": None, "most": -60},
        "is_met": True,
    } == measures["noise_floor_db"]
    assert {"value": "constant", "limit": {"one_of": ["constant"]}, "is_met": True} == (
        measures["bit_rate_mode"]
    )
    assert ("checked", "acx", 2, [], [], [], True) == tuple(
        last[name]
        for name in (
            "event",
            "profile",
            "files",
            "outside",
            "left_out",
            "missing",
            "is_within",
        )
    )
    assert str(last["source"]).startswith("https://help.acx.com/")
    assert isinstance(of_run, dict)
    assert {"value": 11.8, "limit": None, "is_met": None} == of_run["total_length_s"]


def test_which_files(tmp_path: Path) -> None:
    """The files of a job are those of its name, whatever else is there."""
    for job in ("a", "a.b"):
        add_job(tmp_path, job)
    for name in ("a.wav", "a.b.wav", "a.b.ulaw.wav", ".a.mp3.part", "c.wav"):
        (tmp_path / name).touch()

    assert {
        "a": [tmp_path / "a.wav"],
        "a.b": [tmp_path / "a.b.wav", tmp_path / "a.b.ulaw.wav"],
    } == find_files(tmp_path)


def test_no_run(tmp_path: Path) -> None:
    """A folder without plans is an error that says what to name."""
    result = invoke("check", tmp_path)

    assert 1 == result.exit_code
    assert f"Error: {tmp_path}: there are no plans" in result.stderr
    with pytest.raises(PlanError):
        find_files(tmp_path)


def test_damage(folder: Path) -> None:
    """A file that is no audio ends it, with its name."""
    (folder / "ch02.mp3").write_bytes(b"no")
    result = invoke("check", folder)

    assert 1 == result.exit_code
    assert "ch02.mp3: cannot be read as audio" in result.stderr

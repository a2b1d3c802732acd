"""``rimebatch listen``, of a job of the tone voice."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from fakes.users import invoke, run_on_terminal, serve_in_thread, write_manifest
from rimebatch.cli.listen import play

TEXT = "One two three. Four five six.\\n\\nSeven eight nine ten, one two."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a manifest of one job with the tone voice; the folder of its outputs."""
    path = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch, serve_in_thread("a-key") as url:
        patch.setenv("RIME_API_KEY", "a-key")
        manifest = write_manifest(path, f'{{id: count, text: "{TEXT}"}}', endpoint=url)
        assert 0 == invoke("run", manifest, "--out", path).exit_code
    return path / "book"


def borders(folder: Path) -> list[tuple[int, int]]:
    """Return the frames where each word begins and ends."""
    sidecar = json.loads((folder / "count.words.json").read_bytes())
    return [
        (round(word["start_s"] * 8000), round(word["end_s"] * 8000))
        for word in sidecar["words"]
    ]


def read(path: Path) -> NDArray[np.int16]:
    """Return the samples of a file."""
    samples: NDArray[np.int16] = soundfile.read(path, dtype="int16")[0]
    return samples


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        (["--from", "two three", "--for", "0.01"], 1, 2),
        (["--from", "four", "--to", "SEVEN"], 3, 6),
        (["--from", "one", "--nth", "2"], 10, 11),
        (["--from", "three"], 2, 11),
        (["--from", "0:00", "--to", "two"], 0, 1),
        (["--from", "0s", "--to", "0.001s"], 0, 0),
        (["--from", "three four", "--to", "one"], 2, 10),
        (["--from", "nine", "--to", "0:59:59.5"], 8, 11),
    ],
)
def test_a_clip(
    folder: Path, tmp_path: Path, options: list[str], first: int, last: int
) -> None:
    """A clip is exactly what is between the borders of two words."""
    clip = tmp_path / "clip.wav"
    result = invoke("listen", folder, "count", *options, "-o", clip)
    words = borders(folder)

    assert 0 == result.exit_code
    assert result.stdout.startswith(f"{clip}: ")
    np.testing.assert_array_equal(
        read(folder / "count.wav")[words[first][0] : words[last][1]], read(clip)
    )


def test_a_name_of_its_own(folder: Path) -> None:
    """Without a name a clip lies beside the job's files, named by where it begins."""
    start = borders(folder)[3][0] / 8000
    result = invoke("listen", folder, "count", "--from", "four five")

    assert "" == result.stderr
    assert result.stdout.startswith(f"{folder / 'clips'}/count-{start:.3f}s.wav: ")
    assert (folder / "clips" / f"count-{start:.3f}s.wav").exists()


def test_several(folder: Path) -> None:
    """Where words are printed several times, that is told."""
    result = invoke("listen", folder, "count", "--from", "two")

    assert '"two" is printed 2 times; this is number 1 (--nth)\n' == result.stderr


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--from", "eleven"], '"eleven" is not printed in this job'),
        (["--from", "?"], "no letter and no digit"),
        (["--from", "two", "--nth", "3"], '"two" is printed 2 times'),
        (["--from", "1:00:00"], "behind the last word"),
        (["--from", "four", "--to", "three"], "not behind --from"),
        (["--from", "four", "--to", "0s"], "not behind --from"),
        (["--from", "one", "--to", "two", "--for", "1"], "use one"),
    ],
)
def test_not_to_be_found(folder: Path, options: list[str], why: str) -> None:
    """What is not there is a usage error that says so."""
    result = invoke("listen", folder, "count", *options)

    assert 2 == result.exit_code
    assert why in " ".join(result.stderr.split())


def test_another_job(folder: Path) -> None:
    """A job that is not there is a usage error, with those that are."""
    result = invoke("listen", folder, "cuont", "--from", "one")

    assert 2 == result.exit_code
    assert 'no job "cuont"; it has: count' in result.stderr


def test_a_file_that_exists(folder: Path, tmp_path: Path) -> None:
    """A file that exists is replaced only if that was asked for."""
    clip = tmp_path / "clip.wav"
    clip.touch()
    command = ("listen", folder, "count", "--from", "four", "-o", clip)
    result = invoke(*command)

    assert 6 == result.exit_code
    assert "exists already" in result.stderr
    assert 0 == invoke(*command, "--force").exit_code
    assert clip.stat().st_size


def make_player(folder: Path, name: str, script: str) -> None:
    """Write a player that does what *script* says."""
    player = folder / name
    player.write_text(f"#!/bin/sh\n{script}\n")
    player.chmod(0o755)


@pytest.mark.parametrize(
    ("player", "script", "shown"),
    [
        ("ffplay", 'echo "plays $5"', "/-clip.wav\n"),
        ("aplay", 'echo "plays $2"', "/-clip.wav\n"),
        ("afplay", "exit 1", "afplay could not play it.\n"),
        ("other", "", "There is no player here to play it.\n"),
    ],
)
def test_which_player(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    player: str,
    script: str,
    shown: str,
) -> None:
    """The first player that is here plays the clip."""
    make_player(tmp_path, player, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    play(Path("-clip.wav"))

    assert "".join(capfd.readouterr()).endswith(shown)


@pytest.mark.parametrize("options", [[], ["--no-play"]])
def test_on_a_terminal(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """A clip is played on a terminal, unless that is not wanted."""
    make_player(tmp_path, "play", 'echo "plays $2"')
    monkeypatch.setenv("PATH", str(tmp_path))
    code, shown = run_on_terminal(
        "listen", folder, "count", "--from", "four", "-o", "clip.wav", *options
    )

    assert (0, not options) == (code, "plays /" in shown)

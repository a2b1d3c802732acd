"""``rimebatch render`` from end to end."""

from pathlib import Path

import pytest

from fakes.users import invoke, read_lines, write_manifest

HELLO = '{id: hello, text: "Hello there."}'
LONG = '{id: long, text: "One.\\n\\nTwo.\\n\\nThree.\\n\\nFour."}'


@pytest.fixture
def recorded(tmp_path: Path, url: str) -> Path:
    """Run a manifest of two jobs; its path. The outputs are in the folder ``book``."""
    path = write_manifest(tmp_path, HELLO, LONG, endpoint=url)
    result = invoke("run", path, "--out", tmp_path)
    assert 0 == result.exit_code, result.stderr
    return path


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file that was rendered into *folder*, by its name."""
    paths = (path for kind in ("*.wav", "*.words.json") for path in folder.glob(kind))
    return {path.name: path.read_bytes() for path in paths}


def test_same_bytes(recorded: Path, tmp_path: Path) -> None:
    """Files that were deleted, or damaged, come back as they were."""
    before = read_files(tmp_path / "book")
    (tmp_path / "book" / "hello.wav").unlink()
    (tmp_path / "book" / "long.words.json").write_text("{}")

    result = invoke("render", recorded, "--out", tmp_path)

    assert 0 == result.exit_code
    assert before == read_files(tmp_path / "book")
    assert 4 == len(before)


def test_another_pause(recorded: Path, tmp_path: Path) -> None:
    """Another pause costs no character."""
    before = read_files(tmp_path / "book")
    with recorded.open("a") as manifest:
        manifest.write("output: {pauses: {paragraph: 0.5}}\n")

    result = invoke("render", recorded, "--json", "--out", tmp_path)

    after = read_files(tmp_path / "book")
    assert 0 == read_lines(result.stdout)[-1].sent_chars
    assert before["hello.wav"] == after["hello.wav"]
    assert before["hello.words.json"] == after["hello.words.json"]
    assert 3 * 0.5 * 2 * 8000 == len(after["long.wav"]) - len(before["long.wav"])


def test_run_after_another_pause(recorded: Path, tmp_path: Path) -> None:
    """A run renders the jobs that have a pause anew, and does not touch the others."""
    paths = [tmp_path / "book" / name for name in ("hello.wav", "long.wav")]
    before = [path.stat().st_ino for path in paths]
    with recorded.open("a") as manifest:
        manifest.write("output: {pauses: {paragraph: 0.5}}\n")

    result = invoke("run", recorded, "--json", "--out", tmp_path)

    after = [path.stat().st_ino for path in paths]
    assert 0 == read_lines(result.stdout)[-1].sent_chars
    assert [True, False] == [
        one == other for one, other in zip(before, after, strict=True)
    ]


def test_programs(recorded: Path, tmp_path: Path) -> None:
    """Programs get the lines of a run; none of them is a segment or a connection."""
    result = invoke("render", recorded, "--json", "--out", tmp_path)

    lines = read_lines(result.stdout)
    ended = lines[-1]
    events = [line.event for line in lines]
    assert [*["job-started", "job-ended"] * 2, "ended"] == events
    assert (0, 12 + 19) == (ended.sent_chars, ended.reused_chars)
    assert sum(line.audio_s for line in lines[:-1]) == pytest.approx(ended.audio_s)


def test_quiet(recorded: Path, tmp_path: Path) -> None:
    """``--quiet`` says nothing where all is well."""
    result = invoke("render", recorded, "--quiet", "--out", tmp_path)

    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)


def test_edited_text(recorded: Path, tmp_path: Path) -> None:
    """A job with new text fails, says which segments it lacks, and keeps its files."""
    before = read_files(tmp_path / "book")
    text = recorded.read_text()
    recorded.write_text(text.replace("One.", "Uno.").replace("Three", "Tres"))

    result = invoke("render", recorded, "--out", tmp_path)

    assert 3 == result.exit_code
    assert "long: 2 of 4 segments are not on record: 1, 3;" in result.stderr
    assert before == read_files(tmp_path / "book")


def test_nothing_on_record(tmp_path: Path) -> None:
    """Without any record everything fails, nothing is written and nobody is asked."""
    path = write_manifest(tmp_path, HELLO, LONG)

    result = invoke("render", path, "--out", tmp_path)

    assert 1 == result.exit_code
    assert "hello: 1 of 1 segments are not on record" in result.stderr
    assert "`rimebatch run` records them" in result.stderr
    assert [path] == list(tmp_path.iterdir())


def test_takes_that_fail_their_checks(tmp_path: Path, url: str) -> None:
    """They give no new files, and the exit code says why; nobody rejects them."""
    path = write_manifest(tmp_path, HELLO, LONG, endpoint=url)
    invoke("run", path, "--out", tmp_path)
    before = read_files(tmp_path / "book")
    strict = "checks: {length: [{chars_per_second: [1, 2]}]}"
    write_manifest(tmp_path, HELLO, LONG, endpoint=url, more=strict)

    result = invoke("render", path, "--out", tmp_path)

    assert 10 == result.exit_code
    assert "hello, segment 1 of 1: the audio lasts 0." in result.stderr
    assert "Error: hello: the takes of 1 of 1 segments failed " in result.stderr
    assert before == read_files(tmp_path / "book")

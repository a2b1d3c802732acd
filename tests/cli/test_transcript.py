"""``rimebatch transcript show``, ``diff``, ``cut`` and ``redact``."""

from pathlib import Path

import pytest

from fakes.conversations import THREE, Spoken, record
from fakes.users import invoke, run_on_terminal
from rimebatch.transcript import read_header
from rimebatch.transcript.verify import verify_transcript


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a transcript of three takes."""
    return record(tmp_path / "0001.jsonl", *THREE)


def test_show(path: Path) -> None:
    """A timeline has a line for each entry, and begins with the header."""
    result = invoke("transcript", "show", path)
    header, query, vantage, *lines = result.stdout.splitlines()

    assert (0, "") == (result.exit_code, result.stderr)
    assert "job, attempt 1, ws://127.0.0.1/ws3" == header
    assert "audioFormat=pcm, samplingRate=8000" == query
    assert "vantage client; rimebatch 0" == vantage
    assert (
        "          1     0.001000 ← opened                                101"
        == (lines[0])
    )
    assert (
        '          2     0.002000 → text         job:One two.             "One two."'
        == (lines[1])
    )
    assert "          3     0.003000 → flush" == lines[2]
    assert 28 == len(lines)


def test_show_gaps(path: Path) -> None:
    """On request times are those since the entry before."""
    lines = invoke("transcript", "show", path, "--gaps").stdout.splitlines()[3:]

    assert {"+0.001000"} == {line.split()[1] for line in lines}


def test_chunks_are_folded(tmp_path: Path) -> None:
    """Consecutive chunks are one line, unless each is asked for."""
    path = record(tmp_path / "0001.jsonl", Spoken("Hi.", (b"\1\2",) * 4))
    folded = invoke("transcript", "show", path).stdout
    every = invoke("transcript", "show", path, "--all").stdout

    assert "        6-8     0.006000 ← 3 chunks" in folded
    assert 4 == every.count("← chunk ")


def test_long_labels(tmp_path: Path) -> None:
    """Of a long label the end is shown, which tells it from others."""
    path = record(tmp_path / "0001.jsonl", Spoken("Hi.", context_id="x" * 40 + "end"))

    assert f" …{'x' * 20}end " in invoke("transcript", "show", path).stdout


def test_a_damaged_transcript(path: Path) -> None:
    """What stands before a damaged entry is shown, and then the error."""
    path.write_bytes(path.read_bytes().replace(b'"ping"', b'"ping', 1))
    result = invoke("transcript", "show", path)

    assert 1 == result.exit_code
    assert 3 + 8 == len(result.stdout.splitlines())
    assert "not a transcript entry" in result.stderr


def test_colours_on_a_terminal_alone(path: Path) -> None:
    """Sides are coloured where a person sees it, and nowhere else."""
    code, shown = run_on_terminal("transcript", "show", path, columns=200)

    assert 0 == code
    assert "\x1b[36m→ text" in shown
    assert "\x1b[" not in invoke("transcript", "show", path).stdout


def test_diff_of_the_same(path: Path, tmp_path: Path) -> None:
    """The same conversation exits with 0, and with 7 if times count and differ."""
    other = record(tmp_path / "0002.jsonl", *THREE, clock_ns=lambda: 5)
    same = invoke("transcript", "diff", path, path, "--times")
    later = invoke("transcript", "diff", path, other)
    strict = invoke("transcript", "diff", path, other, "--times")

    assert [0, 0, 7] == [same.exit_code, later.exit_code, strict.exit_code]
    assert same.stdout.endswith("The same conversation, at the same times.\n")
    assert later.stdout.endswith("The same conversation, at other times.\n")
    assert "takes: 3 in A, 3 in B, 3 of them the same" in later.stdout
    assert (
        "whole take        0.004 s      0.000 s  -0.004 s at take 1 (job:One two.)"
        in later.stdout
    )


def test_diff_of_others(path: Path, tmp_path: Path) -> None:
    """Another conversation exits with 7, and says what differs."""
    invoke("transcript", "cut", path, "--at", "20", "-o", tmp_path / "cut.jsonl")
    result = invoke("transcript", "diff", path, tmp_path / "cut.jsonl")

    assert 7 == result.exit_code
    assert "note: vantage: client against derived\n" in result.stdout
    assert "sent: eos against nothing\n" in result.stdout
    assert result.stdout.endswith("Not the same conversation.\n")


def test_diff_without_takes(tmp_path: Path) -> None:
    """Where there are no takes there are no times."""
    path = record(tmp_path / "0001.jsonl")

    assert "times  " not in invoke("transcript", "diff", path, path).stdout


def test_cut(path: Path, tmp_path: Path) -> None:
    """A cut transcript is a new file that says what it was made of."""
    out = tmp_path / "cut.jsonl"
    result = invoke("transcript", "cut", path, "--at", "9", "--how", "1011", "-o", out)

    assert (0, "") == (result.exit_code, result.output)
    assert "1011" == (read_header(out).derived or {})["how"]
    assert "← closed                                1011" in (
        invoke("transcript", "show", out).stdout
    )


@pytest.mark.parametrize("how", ["gone", "999", "1006", "5000", "-1"])
def test_codes_that_are_none(path: Path, how: str) -> None:
    """A close code that no frame can carry is a usage error."""
    result = invoke("transcript", "cut", path, "--at", "9", "--how", how, "-o", "x")

    assert 2 == result.exit_code
    assert "it is lost, or a code that a close frame may carry" in result.stderr


def test_a_file_that_exists(path: Path, tmp_path: Path) -> None:
    """An existing file needs --force; the transcript itself is never replaced."""
    out = tmp_path / "cut.jsonl"
    out.touch()
    before = path.read_bytes()
    arguments = ("transcript", "cut", path, "--at", "9", "-o")
    plain = invoke(*arguments, out)
    forced = invoke(*arguments, out, "--force")
    itself = invoke(*arguments, path, "--force")

    assert [6, 0, 6] == [plain.exit_code, forced.exit_code, itself.exit_code]
    assert "--force" in plain.stderr
    assert before == path.read_bytes()


def test_redact(path: Path, tmp_path: Path) -> None:
    """A redacted transcript holds no word that was spoken, and is sound."""
    out = tmp_path / "redacted.jsonl"
    result = invoke("transcript", "redact", path, "-o", out)

    assert (0, "") == (result.exit_code, result.output)
    assert () == verify_transcript(out).damages
    assert b'"text":"Three."' not in out.read_bytes()


def test_redact_with_a_key_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a credential of the environment stands in a transcript, none is made."""
    monkeypatch.setenv("RIME_API_KEY", "hunter2hunter2")
    path = record(tmp_path / "1.jsonl", Spoken("Hi.", context_id="hunter2hunter2"))
    result = invoke("transcript", "redact", path, "-o", tmp_path / "out.jsonl")

    assert 1 == result.exit_code
    assert "a credential stands in it" in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_its_commands() -> None:
    """The group has every command that is about single transcripts, with an example."""
    shown = invoke("transcript", "--help").stdout
    for command in ("show", "diff", "cut", "redact", "export", "import"):
        assert f"  {command} " in shown
        assert "Example:" in invoke("transcript", command, "--help").stdout

"""``rimebatch replay`` from end to end."""

import signal
import tempfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock

from fakes.recordings import (
    QUERY,
    chunk,
    farewell,
    heard,
    make,
    said,
    take,
    text,
    write,
)
from fakes.transcripts import HEADER, open_transcript
from fakes.users import invoke, start, write_manifest
from rimebatch import renderer
from rimebatch.cli.replay import print_replay
from rimebatch.errors import TranscriptError
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.replay_job import PlayedAttempt, PlayedJob
from rimebatch.recorder.transports.replay import Replay

HELLO = '{id: hello, text: "Hello there."}'
LONG = '{id: long, text: "One.\\n\\nTwo.\\n\\nThree."}'
RAW = '{id: raw, messages: [{text: "One. "}, {text: "Two. "}, {operation: eos}]}'

BOOK = Path("book.yaml")
FOLDER = Path("outputs/book")


class Difference(msgspec.Struct, forbid_unknown_fields=True):
    """A file that is not what the record makes."""

    file: str
    what: str


class Attempt(msgspec.Struct, forbid_unknown_fields=True):
    """One transcript, played."""

    transcript: str
    messages: int
    unplayed: int
    takes: int
    seconds: float
    error: str | None
    divergences: list[dict[str, object]]
    changed: list[str]
    damages: list[dict[str, object]]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the JSON output: every field docs/cli.md names."""

    rimebatch: int
    event: str
    job: str = ""
    agrees: bool | None = None
    error: str = ""
    attempts: list[Attempt] = []
    missing: int = 0
    differences: list[Difference] | None = None
    jobs: int = 0
    agreeing: int = 0
    exit_code: int | None = None


@pytest.fixture
def _book(tmp_path: Path, url: str) -> None:
    """Run a manifest of two jobs."""
    write_manifest(tmp_path, HELLO, LONG, endpoint=url)
    assert 0 == invoke("run", BOOK, "--quiet").exit_code


def read_lines(output: str) -> list[Line]:
    """Return what a program reads."""
    return [msgspec.json.decode(line, type=Line) for line in output.splitlines()]


def read_rows(output: str) -> list[list[str]]:
    """Return the words of each row of the table, the heading left out."""
    return [line.split() for line in output.splitlines()[1:]]


def flip(path: Path, at: int) -> None:
    """Change a byte of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def read_files() -> dict[Path, bytes]:
    """Return everything under the folder of the outputs."""
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files}


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize(
    ("paths", "rows"),
    [
        (["book.yaml"], ["hello equal", "long equal"]),
        (["outputs/book"], ["hello equal", "long equal"]),
        (["outputs/book/transcripts/long"], ["long equal"]),
        (
            ["outputs/book/transcripts/long/0001.jsonl"],
            ["outputs/book/transcripts/long/0001.jsonl not compared"],
        ),
        (
            ["outputs/book/transcripts/hello", "book.yaml"],
            ["hello equal", "hello equal", "long equal"],
        ),
    ],
)
def test_paths(paths: list[str], rows: list[str]) -> None:
    """Whatever leads to a record is played, and agrees; nothing is written or said."""
    before = read_files()

    result = invoke("replay", *paths)

    shown = [" ".join([row[0], *row[5:-1]]) for row in read_rows(result.stdout)]
    assert (0, "") == (result.exit_code, result.stderr)
    assert rows == shown
    assert {"agrees"} == {row[-1] for row in read_rows(result.stdout)}
    assert before == read_files()


@pytest.mark.usefixtures("_book")
def test_people() -> None:
    """The table counts what was played, and how long that took then."""
    result = invoke("replay", FOLDER)

    heading, *_ = result.stdout.splitlines()
    _, long = read_rows(result.stdout)
    assert "job transcripts messages takes time files state" == " ".join(
        heading.split()
    )
    assert ["long", "1", "3"] == [long[0], long[1], long[3]]


@pytest.mark.usefixtures("_book")
def test_programs() -> None:
    """Programs get a line for each job as it is played, and the sums as the last."""
    result = invoke("replay", FOLDER, "--json")

    hello, long, last = read_lines(result.stdout)
    [attempt] = long.attempts
    assert (0, "") == (result.exit_code, result.stderr)
    assert ["hello", "long"] == [hello.job, long.job]
    assert {"job-replayed"} == {hello.event, long.event}
    assert (True, 0, []) == (long.agrees, long.missing, long.differences)
    assert (3, 0, None) == (attempt.takes, attempt.unplayed, attempt.error)
    assert str(FOLDER / "transcripts/long/0001.jsonl") == attempt.transcript
    assert ("replayed", 2, 2, 0) == (
        last.event,
        last.jobs,
        last.agreeing,
        last.exit_code,
    )


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("as_json", [True, False])
def test_changed_files(as_json: bool) -> None:
    """Files that differ are named with the place, and the exit code is 7."""
    flip(FOLDER / "long.wav", 5000)
    flip(FOLDER / "long.words.json", 100)
    (FOLDER / "hello.wav").unlink()

    result = invoke("replay", FOLDER, *["--json"] * as_json)

    if as_json:
        lines = read_lines(result.stdout)
        found = [
            f"{d.file}: {d.what}" for line in lines for d in line.differences or ()
        ]
        assert (0, 7) == (lines[-1].agreeing, lines[-1].exit_code)
    else:
        found = result.stderr.splitlines()
        assert ["1 differ differs", "2 differ differs"] == [
            " ".join(row[5:]) for row in read_rows(result.stdout)
        ]
    assert 7 == result.exit_code
    assert f"{FOLDER / 'hello.wav'}: missing" == found[0]
    assert found[1].startswith(f"{FOLDER / 'long.wav'}: differs at byte 5000 of ")
    assert found[2].startswith(f"{FOLDER / 'long.words.json'}: differs at byte 100 of ")


@pytest.mark.usefixtures("_book")
def test_edited_text() -> None:
    """A manifest that has been edited leads to files that are as it was."""
    BOOK.write_text(BOOK.read_text().replace("Two.", "Zwei."))

    result = invoke("replay", BOOK)

    assert (0, "") == (result.exit_code, result.stderr)


@pytest.mark.usefixtures("_book")
def test_deleted_transcript() -> None:
    """Files without a record differ, since nothing vouches for them."""
    transcripts_of(FOLDER, "long").paths()[0].unlink()

    result = invoke("replay", FOLDER)

    assert 7 == result.exit_code
    assert [
        f"{FOLDER / 'long.wav'}: 3 of 3 segments are not on record",
        f"{FOLDER / 'long.words.json'}: 3 of 3 segments are not on record",
    ] == result.stderr.splitlines()


@pytest.mark.usefixtures("_book")
def test_damaged_take() -> None:
    """A byte that changed within a take is named, and what differs for it."""
    [path] = transcripts_of(FOLDER, "hello").paths()
    flip(path, path.read_bytes().index(b'"data":"') + 8)

    result = invoke("replay", FOLDER)

    damaged, audio, sidecar = result.stderr.splitlines()
    assert 7 == result.exit_code
    assert damaged.startswith(f"{path}: damaged at byte ")
    assert str(FOLDER / "hello.wav") in audio
    assert str(FOLDER / "hello.words.json") in sidecar

    hello, *_ = read_lines(invoke("replay", FOLDER, "--json").stdout)
    assert [1] == [damage["take"] for damage in hello.attempts[0].damages]


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("as_json", [True, False])
def test_damaged_line(as_json: bool) -> None:
    """A transcript that cannot be read costs its job alone, and says where."""
    [path] = transcripts_of(FOLDER, "hello").paths()
    content = path.read_bytes()
    place = content.index(b"\n") + 1
    flip(path, place)

    result = invoke("replay", FOLDER, *["--json"] * as_json)

    what = f"{path}: byte {place}: not a transcript entry"
    assert 7 == result.exit_code
    if as_json:
        hello, long, _ = read_lines(result.stdout)
        assert (what, False, True) == (hello.error, hello.agrees, long.agrees)
    else:
        assert f"Error: hello: {what}\n" == result.stderr
        assert ["failed", "agrees"] == [r[-1] for r in read_rows(result.stdout)]


@pytest.mark.usefixtures("_book")
def test_damaged_plan() -> None:
    """A plan that is damaged ends the command with one line."""
    flip(FOLDER / "plans/long.json", 100)

    result = invoke("replay", FOLDER)

    [line] = result.stderr.splitlines()
    assert (1, "") == (result.exit_code, result.stdout)
    assert line.startswith(f"Error: {FOLDER / 'plans/long.json'}: damaged; ")


@pytest.mark.parametrize("path", ["empty", "book.yaml"])
def test_nothing_there(tmp_path: Path, path: str) -> None:
    """Where nothing is on record, one line says what would help."""
    (tmp_path / "empty").mkdir()
    write_manifest(tmp_path, HELLO)

    result = invoke("replay", path)

    [line] = result.stderr.splitlines()
    assert (1, "") == (result.exit_code, result.stdout)
    assert line.startswith(f"Error: {path}: no transcripts there; name a transcript, ")


def test_mistakes(tmp_path: Path) -> None:
    """The mistakes of a manifest are listed, and nothing is played."""
    write_manifest(tmp_path, "{id: a/b, text: x}")

    result = invoke("replay", BOOK)

    assert (4, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("book.yaml:5:10: ")


@pytest.mark.parametrize(
    "words",
    [
        ["absent"],
        [],
        [".", "--pace", "-1"],
        [".", "--pace", "nan"],
        [".", "--pace", "1e9"],
        [".", "--gate", "open"],
    ],
)
def test_usage(words: list[str]) -> None:
    """What cannot be is a usage error."""
    assert 2 == invoke("replay", *words).exit_code


@pytest.mark.parametrize(
    "more", ["", "done: never", "done: always", "transcript: {text: hash}"]
)
@pytest.mark.parametrize("audio_format", ["pcm", "mulaw", "mp3"])
def test_every_kind_of_job(
    tmp_path: Path, url: str, more: str, audio_format: str
) -> None:
    """Jobs of any format agree with their record, by any gate, match and pace."""
    write_manifest(tmp_path, LONG, RAW, endpoint=url, more=more)
    BOOK.write_text(
        BOOK.read_text()
        .replace("audioFormat: pcm", f"audioFormat: {audio_format}")
        .replace("samplingRate: 8000", "samplingRate: 24000")
    )
    assert 0 == invoke("run", BOOK, "--quiet").exit_code

    for options in (
        ["--pace", "0"],
        ["--pace", "20", "--gate", "observed"],
        ["--match", "exact"],
    ):
        result = invoke("replay", FOLDER, *options)

        assert (0, "") == (result.exit_code, result.stderr)
        assert ["equal", "equal"] == [row[5] for row in read_rows(result.stdout)]


def test_divergence(tmp_path: Path) -> None:
    """Where the session leaves the record, the report says all about it."""
    header = msgspec.structs.replace(HEADER, query=QUERY, vantage="proxy")
    recording = make(*take("a"), *take("b"), *farewell())
    path = write(tmp_path / "talk.jsonl", recording, header)

    result = invoke("replay", path, "--gate", "total")

    told = f"{path}, entry 7: early: "
    assert 7 == result.exit_code
    assert result.stderr.startswith(told)
    assert "last played:" in result.stderr
    assert f"{path}: 8 of 11 messages were not played\n" in result.stderr
    assert f"{path}: it ended with: {told}" in result.stderr

    line, _ = read_lines(invoke("replay", path, "--gate", "total", "--json").stdout)
    [divergence] = line.attempts[0].divergences
    assert (False, None) == (line.agrees, line.differences)
    assert ("early", 7) == (divergence["kind"], divergence["entry"])


def test_changed_take(tmp_path: Path) -> None:
    """What is no more as the recorder took it is told by its context id."""
    header = msgspec.structs.replace(HEADER, query=QUERY)
    recording = make(*take("job:0123456789abcdef"), *farewell())
    path = write(tmp_path / "talk.jsonl", recording, header)

    result = invoke("replay", path)

    what = "the take of job:0123456789abcdef is not on record"
    assert (7, f"{path}: {what}\n") == (result.exit_code, result.stderr)


def test_what_a_terminal_might_obey(tmp_path: Path) -> None:
    """Whatever stands in a record, it does nothing to a terminal."""
    header = msgspec.structs.replace(HEADER, query=QUERY, vantage="proxy")
    steps = (said("\x1b]0;mine\x07"), heard(chunk()), said(text("One.")))
    path = write(tmp_path / "talk.jsonl", make(*steps, *farewell()), header)

    result = invoke("replay", path, "--gate", "total")

    assert 7 == result.exit_code
    assert "\x1b" not in result.output


@pytest.mark.usefixtures("_book")
def test_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be recorded, even out of sight, one line says what to set."""
    monkeypatch.setattr(tempfile, "tempdir", "absent")

    result = invoke("replay", FOLDER)

    [line] = result.stderr.splitlines()
    assert 6 == result.exit_code
    assert "set TMPDIR" in line


@pytest.mark.usefixtures("_book")
def test_options_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option can be set in the environment."""
    FOLDER.parent.rename("elsewhere")
    monkeypatch.setenv("RIMEBATCH_REPLAY_OUT", "elsewhere")
    monkeypatch.setenv("RIMEBATCH_REPLAY_PACE", "0")

    result = invoke("replay", BOOK, "--json")

    lines = read_lines(result.stdout)
    seconds = [attempt.seconds for line in lines for attempt in line.attempts]
    assert (0, [0.0, 0.0]) == (result.exit_code, seconds)


async def interrupt(path: Path) -> None:
    """Press Ctrl-C while a connection is open."""
    with open_transcript(path) as transcript:
        replay = Replay([make(*take("one"), *farewell())])
        async with replay.connect(QUERY, transcript):
            signal.raise_signal(signal.SIGINT)
            await trio.sleep_forever()


def test_ctrl_c_in_a_connection(tmp_path: Path) -> None:
    """Ctrl-C comes out of a connection as what it is."""
    with pytest.raises(KeyboardInterrupt):
        trio.run(
            interrupt,
            tmp_path / "again.jsonl",
            clock=MockClock(),
            restrict_keyboard_interrupt_to_checkpoints=True,
        )


@pytest.mark.usefixtures("_book")
def test_ctrl_c() -> None:
    """Ctrl-C ends the command with one line, and tidies up."""
    with start("replay", *[FOLDER] * 1000, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        err = process.stderr.read()

    assert "job-replayed" in first
    assert (130, "Interrupted.\n") == (process.returncode, err)


@pytest.mark.usefixtures("_book")
def test_reader_who_leaves() -> None:
    """``replay --json | head -1`` ends without a traceback."""
    with start("replay", *[FOLDER] * 1000, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()

    assert "job-replayed" in first
    assert (1, "") == (process.returncode, err)


def test_a_path_is_named_once(tmp_path: Path) -> None:
    """A file that is no transcript is told in a line that begins with its path."""
    path = tmp_path / "notes.txt"
    path.write_text("nothing")

    result = invoke("replay", path)

    assert 7 == result.exit_code
    assert f"Error: {path}: not a transcript" == result.stderr.splitlines()[0]


ATTEMPT = PlayedAttempt("1.jsonl", 1234, 0, 2, 30.5, None, (), (), ())
MISSING = renderer.Difference(Path("one.wav"), "missing")


@pytest.mark.parametrize(
    ("played", "shown"),
    [
        (
            PlayedJob((ATTEMPT, ATTEMPT), differences=()),
            "2 2,468 4 1:01.0 equal agrees",
        ),
        (
            PlayedJob((ATTEMPT,), differences=(MISSING,)),
            "1 1,234 2 0:30.5 1 differ differs",
        ),
        (PlayedJob((ATTEMPT,)), "1 1,234 2 0:30.5 not compared agrees"),
        (
            PlayedJob((ATTEMPT,), missing=3, differences=()),
            "1 1,234 2 0:30.5 none: 3 segments not on record agrees",
        ),
        (
            PlayedJob((replace(ATTEMPT, unplayed=1),), differences=()),
            "1 1,234 2 0:30.5 equal differs",
        ),
        (TranscriptError("damaged"), "failed"),
    ],
)
def test_table(
    capsys: pytest.CaptureFixture[str],
    played: PlayedJob | TranscriptError,
    shown: str,
) -> None:
    """Each job has a line with what was played of it, and how its files are."""
    print_replay([("one", played), ("one", played)])

    lines = capsys.readouterr().out.splitlines()
    heading, *rows = [" ".join(line.split()) for line in lines]
    assert "job transcripts messages takes time files state" == heading
    assert [f"one {shown}"] * 2 == rows

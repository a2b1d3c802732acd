"""``rimebatch run`` from end to end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.disks import largest_file
from fakes.users import (
    Line,
    Sent,
    invoke,
    read_lines,
    run_on_terminal,
    start,
    write_manifest,
)
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.ledger import Amounts, JobState
from rimebatch.recorder.ledger_file import read_ledger
from rimebatch.transcript import read_entries, read_header
from rimebatch.transcript.locks import LOCK_NAME

HELLO = '{id: hello, text: "Hello there."}'  # 12 characters
LONG = '{id: long, text: "One.\\n\\nTwo.\\n\\nThree.\\n\\nFour."}'  # 19 in 4 segments
REFUSED = '{id: refused, text: "Yes.", voice: {lang: xxx}}'  # no voice speaks it

# Words that end far beyond the audio; and a second segment with 12 s of silence in it.
DOUBTFUL = HELLO.replace("}", ", voice: {extra: {fault: distant-times}}}")
HOLLOW = LONG.replace("}", ", voice: {extra: {fault: huge@2=200000}}}")

ONE_BY_ONE = ("--concurrency", "1", "--order", "manifest")

BOOK = Path("book.yaml")
FOLDER = Path("outputs/book")

# Runs a command, and then shows what it connected to and which services it started.
# (Importing trio starts a process, too: it looks for a library.)
WATCHED = """
import sys
seen = []

def watch(event, args):
    if event == "socket.connect" or event == "subprocess.Popen" and "serve" in args[1]:
        seen.append(event)

sys.addaudithook(watch)
from rimebatch.cli.main import cli
try:
    cli(sys.argv[1:])
finally:
    print(seen)
"""


@pytest.fixture
def _book(tmp_path: Path, url: str) -> None:
    """Write a manifest of two jobs for a service that is there."""
    write_manifest(tmp_path, HELLO, LONG, endpoint=url)


@pytest.fixture
def _flawed_book(tmp_path: Path, url: str) -> None:
    """Write a manifest with a job that the service refuses."""
    write_manifest(tmp_path, REFUSED, HELLO, endpoint=url)


@pytest.fixture
def _chapters(tmp_path: Path, url: str) -> None:
    """Write a manifest of nine jobs, ``ch0`` to ``ch8``, of four segments each."""
    chapters = (LONG.replace("long", f"ch{number}") for number in range(9))
    write_manifest(tmp_path, *chapters, endpoint=url)


def read_files() -> dict[Path, bytes]:
    """Return everything under the folder of the outputs, but who held it last."""
    files = [path for path in Path("outputs").rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files if path.name != LOCK_NAME}


@pytest.mark.usefixtures("_book")
def test_people() -> None:
    """Progress goes to standard error, and a table with every file to the output."""
    result = invoke("run", BOOK, "--concurrency", "1")

    heading, hello, long, total = result.stdout.splitlines()
    assert 0 == result.exit_code
    assert ["state", "file"] == heading.split()[-2:]
    assert ["hello", "1", "12", "0", "0", "0", "0:00.8", "done"] == hello.split()[:-1]
    assert FOLDER / "hello.wav" == Path(hello.split()[-1])
    assert ["long", "4", "19", "0"] == long.split()[:4]
    assert ["total", "5", "31", "0"] == total.split()[:4]
    assert [
        "hello: 1 of 1 segments are missing, 12 characters",
        "hello: done, 0:00.8 of audio",
        "long: 4 of 4 segments are missing, 19 characters",
        "long: done, 0:01.3 of audio",
        "to send: 31 characters in 5 segments: 5 new",
    ] == sorted(result.stderr.splitlines())[1:]
    assert "2 of 2 jobs done: 31 characters sent, 0 wasted, " in result.stderr
    assert (FOLDER / "hello.wav").exists()


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize(
    ("words", "started"),
    [((), ["long", "hello"]), (("--order", "manifest"), ["hello", "long"])],
)
def test_order(words: tuple[str, ...], started: list[str]) -> None:
    """The longest job gets the first connection, or the manifest's first one.

    The table has the order of the manifest in any case.
    """
    words = ("--concurrency", "1", *words)

    programs = invoke("run", BOOK, *words, "--json", "--out", "for-programs")
    people = invoke("run", BOOK, *words, "--out", "for-people")

    lines, table = read_lines(programs.stdout), people.stdout.splitlines()
    assert started == [line.job for line in lines if line.event == "job-started"]
    assert ["job", "hello", "long", "total"] == [line.split()[0] for line in table]


@pytest.mark.usefixtures("_book")
def test_quiet() -> None:
    """``--quiet`` says nothing where all is well, first and second time."""
    for _ in range(2):
        result = invoke("run", BOOK, "--quiet")

        assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)


@pytest.mark.usefixtures("_book")
def test_programs() -> None:
    """The JSON lines add up, in themselves and with the plan."""
    invoke("run", BOOK, "--only", "hello")
    planned = read_lines(invoke("plan", BOOK, "--json").stdout)[-1]

    result = invoke("run", BOOK, "--json")

    lines = read_lines(result.stdout)
    ended = lines[-1]
    assert (0, "") == (result.exit_code, result.stderr)
    assert "ended" == ended.event
    assert {1} == {line.rimebatch for line in lines}
    assert (2, 2, 0, 0, 0) == (
        ended.jobs,
        ended.done,
        ended.failed,
        ended.stopped,
        ended.exit_code,
    )
    assert (19, 12) == (ended.sent_chars, ended.reused_chars)
    assert planned.missing_chars == ended.sent_chars
    assert planned.chars == ended.sent_chars + ended.reused_chars
    for event in ("segment-asked", "take-recorded"):
        assert [4, 4, 6, 5] == [line.chars for line in lines if line.event == event]
    results = [line for line in lines if line.event == "job-ended"]
    assert ended.sent_chars == sum(line.sent_chars for line in results)
    assert ended.audio_s == pytest.approx(sum(line.audio_s for line in results))
    assert all(Path(file).exists() for line in results for file in line.files)


def most_open(lines: list[Line]) -> int:
    """Return how many connections were open at a time."""
    open_now, most = 0, 0
    for line in lines:
        if line.event == "line-changed":
            open_now += 1 if line.is_open else -1
            most = max(most, open_now)
    assert 0 == open_now
    return most


@pytest.mark.usefixtures("_chapters")
@pytest.mark.parametrize("concurrency", [1, 3])
def test_concurrency(concurrency: int) -> None:
    """Never more connections are open than were asked for; jobs start in order."""
    result = invoke("run", BOOK, "--json", "--concurrency", str(concurrency))

    lines = read_lines(result.stdout)
    started = [line.job for line in lines if line.event == "job-started"]
    assert concurrency >= most_open(lines) > 0
    assert [f"ch{number}" for number in range(9)] == started


@pytest.mark.usefixtures("_book")
def test_again() -> None:
    """A second run sends nothing, says so, and changes no file."""
    invoke("run", BOOK)
    before = read_files()

    result = invoke("run", BOOK)

    said = "Nothing was sent: every segment was on record."
    assert 0 == result.exit_code
    assert ["total", "5", "0", "31"] == result.stdout.splitlines()[-1].split()[:4]
    assert said == result.stderr.splitlines()[-1]
    assert before == read_files()


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize(
    ("out", "seen"),
    [("outputs", []), ("elsewhere", ["subprocess.Popen", *["socket.connect"] * 2])],
)
def test_again_needs_nobody(out: str, seen: list[str]) -> None:
    """A second run opens no connection and starts no local service; a first does."""
    invoke("run", BOOK)

    words = ["run", str(BOOK), "--endpoint", "local", "--quiet", "--out", out]
    shown = subprocess.run(
        [sys.executable, "-c", WATCHED, *words],
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"{seen}\n" == shown.stdout


@pytest.mark.usefixtures("_book")
def test_edited_paragraph() -> None:
    """Only the paragraph that is new or edited is sent."""
    invoke("run", BOOK)
    text = BOOK.read_text()
    BOOK.write_text(text.replace("Two.", "Zwei.").replace("Four.", "Four.\\n\\nFive."))

    result = invoke("run", BOOK, "--json")

    asked = [
        (line.job, line.segment, line.chars)
        for line in read_lines(result.stdout)
        if line.event == "segment-asked"
    ]
    assert [("long", 2, 5), ("long", 5, 5)] == asked


@pytest.mark.usefixtures("_book")
def test_deleted_audio() -> None:
    """Audio that was deleted is made again, and nothing is sent for it."""
    invoke("run", BOOK)
    before = read_files()
    (FOLDER / "long.wav").unlink()

    result = invoke("run", BOOK)

    assert "Nothing was sent" in result.stderr
    assert before == read_files()


@pytest.mark.usefixtures("_flawed_book")
def test_some_jobs_fail() -> None:
    """A job that fails stops no other; its error names it, and the exit code is 3."""
    result = invoke("run", BOOK)

    refused, hello = result.stdout.splitlines()[1:3]
    error = result.stderr.splitlines()[-1]
    assert 3 == result.exit_code
    assert ["refused", "1", "0", "0", "0", "4", "0:00.0", "failed"] == refused.split()
    assert "done" in hello
    assert "refused: failed" in result.stderr.splitlines()
    assert error.startswith("Error: refused: ws://127.0.0.1:")
    assert "HTTP 400" in error


@pytest.mark.usefixtures("_flawed_book")
def test_all_jobs_fail() -> None:
    """Where every job fails the exit code is 1, and nothing claims to be on record."""
    result = invoke("run", BOOK, "--only", "refused")

    assert 1 == result.exit_code
    assert "Nothing was sent" not in result.stderr


@pytest.mark.usefixtures("_flawed_book")
def test_failure_for_programs() -> None:
    """Programs get the error of each job, and how many failed."""
    result = invoke("run", BOOK, "--json")

    lines = read_lines(result.stdout)
    [error] = [line.error for line in lines if line.state == "failed"]
    assert result.stderr.endswith(f"\nError: {error}\n")
    assert (1, 1, 3) == (lines[-1].done, lines[-1].failed, lines[-1].exit_code)


@pytest.mark.usefixtures("_book")
def test_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the service does not know ends the run, and is not shown."""
    monkeypatch.setenv("RIME_API_KEY", "canary-4711")

    result = invoke("run", BOOK)

    assert 5 == result.exit_code
    assert "401" in result.stderr
    assert "canary-4711" not in result.output


@pytest.mark.usefixtures("_book")
def test_key_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be a key ends the run before it begins, and is not shown."""
    monkeypatch.setenv("RIME_API_KEY", "canary\n4711")

    result = invoke("run", BOOK)

    [line] = result.stderr.splitlines()
    assert (5, "") == (result.exit_code, result.stdout)
    assert "canary" not in line
    assert not FOLDER.exists()


def test_mistakes(tmp_path: Path) -> None:
    """All mistakes of a manifest are listed on standard error, and nothing else is."""
    write_manifest(tmp_path, "{id: a/b, text: x}", "{id: c}", more="endpiont: x")

    result = invoke("run", BOOK, "--json")

    mistakes = [line.split(":")[:2] for line in result.stderr.splitlines()]
    assert (4, "") == (result.exit_code, result.stdout)
    assert [["book.yaml", line] for line in "367"] == mistakes
    assert 'did you mean "endpoint"?' in result.stderr
    assert not FOLDER.exists()


@pytest.mark.parametrize("key", ["", None])
def test_cloud_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    """Without a key the cloud costs one line that shows a way out, and no folder."""
    monkeypatch.delenv("RIME_API_KEY")
    if key is not None:
        monkeypatch.setenv("RIME_API_KEY", key)
    write_manifest(tmp_path, HELLO)

    result = invoke("run", BOOK, "--endpoint", "cloud")

    [line] = result.stderr.splitlines()
    assert (5, "") == (result.exit_code, result.stdout)
    assert line.startswith("Error: RIME_API_KEY is not set")
    assert "--endpoint local" in line
    assert not FOLDER.exists()


@pytest.mark.parametrize(
    "endpoint", ["ws://example.com/ws3", "ws://127.0.0.1.example.com/ws3", "http://x/y"]
)
def test_unsafe_endpoint(tmp_path: Path, endpoint: str) -> None:
    """An endpoint that would send key and text in the clear is refused, on one line."""
    write_manifest(tmp_path, HELLO)

    result = invoke("run", BOOK, "--endpoint", endpoint)

    [line] = result.stderr.splitlines()
    assert (5, "") == (result.exit_code, result.stdout)
    assert line.startswith("Error: --endpoint: ")
    assert not FOLDER.exists()


def test_no_such_job(tmp_path: Path) -> None:
    """A pattern without a match is a usage error that names the jobs."""
    write_manifest(tmp_path, HELLO, LONG)

    result = invoke("run", BOOK, "--only", "ch*")

    error = result.stderr.splitlines()[-1]
    assert (2, "") == (result.exit_code, result.stdout)
    assert error.startswith("Error: Invalid value for '--only': ")
    assert error.endswith("no job matches ch*; the jobs are hello, long")


@pytest.mark.usefixtures("_book")
def test_options_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option can be set in the environment."""
    monkeypatch.setenv("RIMEBATCH_RUN_OUT", "elsewhere")
    monkeypatch.setenv("RIMEBATCH_RUN_QUIET", "1")

    result = invoke("run", BOOK)

    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)
    assert Path("elsewhere/book/hello.wav").exists()


@pytest.mark.usefixtures("_book")
def test_folder_that_cannot_be_made() -> None:
    """Where nothing can be recorded nothing is sent, and the error names the place."""
    FOLDER.parent.mkdir()
    FOLDER.touch()

    result = invoke("run", BOOK, "--json")

    assert (6, "") == (result.exit_code, result.stdout)
    assert (
        f"Error: {FOLDER}/transcripts: cannot lock the folder: Not a directory; "
        "make it writable, or write elsewhere\n"
    ) == result.stderr


@pytest.mark.usefixtures("_book")
def test_full_disk() -> None:
    """It stops the run, and when there is room the next one goes on from there."""
    with largest_file(10_000):
        result = invoke("run", BOOK, *ONE_BY_ONE, "--json")
    lines = read_lines(result.stdout)
    again = invoke("run", BOOK, "--json")

    hello, long = [line for line in lines if line.event == "job-ended"]
    assert [6, 6, 0] == [result.exit_code, lines[-1].exit_code, again.exit_code]
    assert ("failed", 12, "storage") == (hello.state, hello.sent_chars, hello.cause)
    assert ("stopped", 0, None) == (long.state, long.sent_chars, long.cause)
    assert "cannot write the transcript: File too large" in result.stderr
    assert 31 == read_lines(again.stdout)[-1].sent_chars


@pytest.mark.usefixtures("_book")
def test_header(url: str) -> None:
    """A transcript begins with where and when it was made, and by what."""
    invoke("run", BOOK)

    [path] = transcripts_of(FOLDER, "hello").paths()
    header = read_header(path)
    assert url == header.endpoint
    assert {"rimebatch", "trio", "trio-websocket", "python"} == set(header.client)
    assert header.wall is not None
    assert header.wall.endswith("Z")


def test_hidden_text(tmp_path: Path, url: str) -> None:
    """A manifest can keep its text out of the transcripts; its files are the same."""
    for out, more in ("kept", ""), ("hidden", "transcript: {text: hash}"):
        write_manifest(tmp_path, HELLO, endpoint=url, more=more)
        invoke("run", BOOK, "--out", out, "--quiet")

    kept, hidden = (
        transcripts_of(Path(out, "book"), "hello").paths()[0].read_text()
        for out in ("kept", "hidden")
    )
    words = [
        json.loads(Path(out, "book/hello.words.json").read_text())["words"]
        for out in ("kept", "hidden")
    ]
    assert "Hello" in kept
    assert "Hello" not in hidden
    assert words[0] == words[1]


@pytest.mark.usefixtures("_book")
def test_credential_on_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential of the environment is written nowhere, and fails the job."""
    monkeypatch.setenv("SOME_TOKEN", "Hello there.")

    result = invoke("run", BOOK, "--only", "hello")
    monkeypatch.delenv("SOME_TOKEN")
    again = invoke("run", BOOK, "--only", "hello")

    path = transcripts_of(FOLDER, "hello").paths()[0]
    error = result.stderr.splitlines()[-1]
    assert 1 == result.exit_code
    assert error.startswith(f"Error: hello: {path}: a credential stands in ")
    assert "Hello there." not in error
    assert "" == path.read_text()
    assert 0 == again.exit_code


@pytest.mark.usefixtures("_chapters")
def test_reader_who_leaves() -> None:
    """``run --json | head -1`` ends without a traceback, its transcripts sealed."""
    with start("run", BOOK, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()

    transcripts = list(FOLDER.rglob("*.jsonl"))
    last = {[entry.kind for entry in read_entries(path)][-1] for path in transcripts}
    assert "job-started" in first
    assert (1, "") == (process.returncode, err)
    assert len(transcripts) < 9
    assert {"sealed"} >= last


@pytest.mark.usefixtures("_book")
def test_terminal() -> None:
    """On a terminal a bar comes and goes, and the table stays."""
    code, shown = run_on_terminal("run", BOOK, "--only", "hello")

    bar, _, table = shown.rpartition("\x1b[2K")  # what erases the bar's first line
    assert 0 == code
    assert "100%" in bar
    assert "100%" not in table
    assert "hello.wav" in table
    assert "\x1b[32mdone" in table
    assert "total" not in table


@pytest.mark.usefixtures("_book")
def test_terminal_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets NO_COLOR sees none."""
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("run", BOOK)

    assert "\x1b[3" not in shown


@pytest.mark.usefixtures("_book")
def test_ledger() -> None:
    """What became of every character is written down, of runs that sent any."""
    invoke("run", BOOK)
    invoke("run", BOOK)

    account = read_ledger(FOLDER / "ledger.json")
    [run] = account.runs
    assert {
        "hello": JobState("done", 12, 12, 0),
        "long": JobState("done", 19, 19, 0),
    } == account.jobs
    assert Amounts(31, 0, 31, 0, sent_chars=31) == run.total
    assert [4, 4, 6, 5] == [s.sent_chars for s in run.jobs["long"].segments.values()]


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("cap", [0, 3, 12, 16, 30])
def test_cap(cap: int, concurrency: int) -> None:
    """No more is ever sent; the rest is stopped, and the next runs go on from there."""
    words = ("--concurrency", str(concurrency), "--max-chars", str(cap))
    result = invoke("run", BOOK, *words, "--json")
    ended = read_lines(result.stdout)[-1]
    rest = invoke("run", BOOK, "--json")

    assert (8, 8) == (result.exit_code, ended.exit_code)
    assert cap >= ended.sent_chars == ended.recorded_chars
    assert 0 == ended.failed
    assert 2 == ended.done + ended.stopped
    assert 31 - ended.sent_chars == ended.missing_chars
    assert result.stderr.startswith(
        f"Stopped at the cap: {ended.missing_chars} characters of {ended.stopped} jobs "
    )
    assert 1 == len(result.stderr.splitlines())
    assert (0, ended.missing_chars) == (
        rest.exit_code,
        read_lines(rest.stdout)[-1].sent_chars,
    )


@pytest.mark.usefixtures("_book")
def test_cap_that_is_enough() -> None:
    """A cap that leaves nothing undone is not mentioned."""
    result = invoke("run", BOOK, "--max-chars", "31")

    assert 0 == result.exit_code
    assert "cap" not in result.stderr


def test_budget(tmp_path: Path, url: str) -> None:
    """The manifest's budget holds for each run, and an option goes before it."""
    more = "budget: {max_chars: 12}"
    write_manifest(tmp_path, HELLO, LONG, endpoint=url, more=more)

    codes = [invoke("run", BOOK).exit_code for _ in range(2)]
    last = invoke("run", BOOK, "--max-chars", "99")

    assert [8, 8] == codes
    assert 0 == last.exit_code


ASK = ("run", BOOK, "--ask-above", "30")
QUESTION = "Send 31 characters, some 0:02.0 of speech? [y/N]:"


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize(
    ("answer", "code", "said"), [("n", 1, "Aborted!"), ("y", 0, "hello.wav")]
)
def test_much_to_send(answer: str, code: int, said: str) -> None:
    """On a terminal a person is asked first, and nothing is done without a yes."""
    left, shown = run_on_terminal(*ASK, answers={QUESTION: answer})

    assert code == left
    assert QUESTION in shown
    assert said in shown
    assert (answer == "y") == FOLDER.exists()


@pytest.mark.usefixtures("_book")
@pytest.mark.parametrize(
    "more", [("--yes",), ("--ask-above", "31"), ("--max-chars", "30")]
)
def test_no_question(more: tuple[str, ...]) -> None:
    """Nobody is asked who said yes before, or where no more will be sent."""
    code, shown = run_on_terminal(*ASK, *more)

    assert code in {0, 8}
    assert "[y/N]" not in shown


@pytest.mark.usefixtures("_book")
def test_nobody_to_ask() -> None:
    """A program is never asked."""
    result = invoke(*ASK)

    assert 0 == result.exit_code
    assert "[y/N]" not in result.output


@pytest.mark.usefixtures("_book")
def test_why() -> None:
    """A run begins with why it sends what it sends."""
    invoke("run", BOOK)
    BOOK.write_text(BOOK.read_text().replace("Two.", "Zwei."))

    result = invoke("run", BOOK)

    assert "to send: 5 characters in 1 segments: 1 text changed" in result.stderr


@pytest.mark.usefixtures("_book")
def test_fresh() -> None:
    """``--fresh`` buys what is on record anew, of the jobs that are asked for, once."""
    invoke("run", BOOK)
    planned = invoke("plan", BOOK, "--fresh", "--only", "long", "--json").stdout
    result = invoke("run", BOOK, "--fresh", "--only", "long")

    long, _ = read_lines(planned)
    assert {"fresh"} == {sent.reason for sent in long.why}
    assert [4, 4, 6, 5] == [sent.chars for sent in long.why]
    assert 0 == result.exit_code
    assert "to send: 19 characters in 4 segments: 4 fresh\n" in result.stderr
    assert [1, 2] == [
        len(transcripts_of(FOLDER, job).paths()) for job in ("hello", "long")
    ]
    assert "Nothing was sent" in invoke("run", BOOK).stderr


@pytest.mark.usefixtures("_book")
def test_fresh_interrupted() -> None:
    """What a fresh run left, a run without ``--fresh`` buys, and nothing else."""
    invoke("run", BOOK)
    cut = invoke("run", BOOK, "--fresh", "--max-chars", "20", *ONE_BY_ONE)
    hello, long, _ = read_lines(invoke("plan", BOOK, "--json").stdout)

    assert 8 == cut.exit_code
    assert "Leave --fresh out to go on" in cut.stderr
    assert ((), (Sent(3, 6, "fresh"), Sent(4, 5, "fresh"))) == (hello.why, long.why)
    assert 11 == read_lines(invoke("run", BOOK, "--json").stdout)[-1].sent_chars


@pytest.mark.usefixtures("_book")
def test_fresh_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh run that has no key to begin with rejects nothing."""
    invoke("run", BOOK)
    monkeypatch.delenv("RIME_API_KEY")
    result = invoke("run", BOOK, "--fresh", "--endpoint", "cloud")

    assert 5 == result.exit_code
    assert 0 == invoke("plan", BOOK, "--check").exit_code


def test_a_take_that_fails_its_checks(tmp_path: Path, url: str) -> None:
    """It is bought once more, which is told, and the next run finds nothing wrong."""
    write_manifest(tmp_path, HOLLOW, endpoint=url)
    result = invoke("run", BOOK)
    *_, run = read_ledger(FOLDER / "ledger.json").runs

    assert (0, 0) == (result.exit_code, invoke("run", BOOK).exit_code)
    assert "long, segment 2: the audio lasts 12." in result.stderr
    assert " s on end are silent; 3.00 s is the most; once more\n" in result.stderr
    assert Amounts(19, 0, 19, 0, sent_chars=23, wasted_chars=4) == run.total
    assert [0, 0] == [invoke(name, FOLDER).exit_code for name in ("verify", "replay")]


def test_takes_that_always_fail(tmp_path: Path, url: str) -> None:
    """Exit code 10 says so, as often as it is asked; what is bought is bounded."""
    write_manifest(tmp_path, DOUBTFUL, endpoint=url)
    result = invoke("run", BOOK, "--json", "--log", "run.log")
    again = invoke("run", BOOK, "--json")

    lines = read_lines(result.stdout)
    rejected = [line for line in lines if line.event == "take-rejected"]
    ended, last = lines[-2:]
    [failed] = ended.failed_checks
    assert (10, 10, 36) == (result.exit_code, last.exit_code, last.sent_chars)
    assert [("hello", 1, 12)] * 2 == [
        (line.job, line.segment, line.chars) for line in rejected
    ]
    assert {failed.what} == {line.what for line in rejected}
    assert ("failed", "checks", ()) == (ended.state, ended.cause, ended.files)
    assert (1, "Hello there.", "overrun") == (
        failed.segment,
        failed.text,
        failed.check,
    )
    found, error = result.stderr.splitlines()
    assert f'hello, segment 1 of 1: {failed.what}: "Hello there."' == found
    assert f"Error: {ended.error}" == error
    assert (10, result.stderr) == (again.exit_code, again.stderr)
    assert 0 == read_lines(again.stdout)[-1].sent_chars
    assert failed.what in Path("run.log").read_text()
    assert "Hello" not in Path("run.log").read_text()
    assert [0, 0] == [invoke(name, FOLDER).exit_code for name in ("verify", "replay")]


def test_a_take_that_fails_is_right_all_the_same(tmp_path: Path, url: str) -> None:
    """Who listens and is content says so, or asks for no more than a warning."""
    write_manifest(tmp_path, DOUBTFUL, endpoint=url, more="checks: {retakes: 0}")
    codes = [invoke("run", BOOK).exit_code]
    write_manifest(tmp_path, DOUBTFUL, endpoint=url, more="checks: {on_fail: warn}")
    warned = invoke("run", BOOK)
    write_manifest(tmp_path, DOUBTFUL, endpoint=url, more="checks: {on_fail: fail}")
    codes += [invoke("run", BOOK).exit_code]
    invoke("takes", FOLDER, "hello", "--use", "1")
    used = invoke("run", BOOK)

    assert [10, 10] == codes
    assert (0, 0) == (warned.exit_code, used.exit_code)
    assert "warning: hello, segment 1 of 1: a word ends at " in warned.stderr
    assert "segment 1 of 1" not in used.stderr
    assert 1 == len(transcripts_of(FOLDER, "hello").all_takes())


@pytest.mark.usefixtures("_book")
def test_log() -> None:
    """A log has the events of ``--json``, from the beginning to the sums."""
    result = invoke("run", BOOK, "--json", "--log", "run.log", "--log-level", "debug")

    told = [line.event for line in read_lines(result.stdout)]
    lines = Path("run.log").read_text().splitlines()
    logged = [json.loads(line)["event"] for line in lines]
    assert ["started", *told] == [event for event in logged if event != "library"]


@pytest.mark.usefixtures("_book")
def test_log_that_cannot_be_opened() -> None:
    """Without the log that was asked for nothing is sent."""
    result = invoke("run", BOOK, "--log", "nowhere/run.log")

    assert 6 == result.exit_code
    assert "nowhere/run.log: cannot open the log: No such file" in result.stderr
    assert not FOLDER.exists()

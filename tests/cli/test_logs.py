"""The log of a run: what is in it, and what must never be."""

import logging
import os
import stat
from dataclasses import replace
from pathlib import Path

import click
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.disks import largest_file
from fakes.manifests import make_job, make_manifest
from rimebatch.cli.displays import EVENTS
from rimebatch.cli.logs import LEVELS, Quotes, RunLog, log_event, log_start
from rimebatch.errors import ConnectError, ManifestError, OutputError
from rimebatch.manifest.plan import make_plan
from rimebatch.recorder.reports import (
    AttemptFailed,
    FailedCheck,
    JobResult,
    JobStarted,
    Report,
    SegmentAsked,
    State,
    TakeRejected,
    TakeWithdrawn,
)

SECRET = "canary-7f3a91"
WALL = "2026-11-23T12:00:00.000Z"

PLAN = make_plan(make_manifest(make_job("one", "Call me Ishmael.", "Yes.")))
LIBRARY = logging.getLogger("trio-websocket")

FAILED = JobResult("one", "failed", 2, 0, 0, error="one: cannot say: CALL me Ishmael")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "run.log"


def read(path: Path) -> list[dict[str, object]]:
    """Return the lines of the log at *path*."""
    lines = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=dict[str, object]) for line in lines]


def keep(path: Path, level: str = "debug") -> RunLog:
    """Return a log whose clock stands still."""
    return RunLog(path, level, lambda: WALL)


def test_a_line(path: Path) -> None:
    """A line says when, how bad, who, and what, in the words of ``--json``."""
    with keep(path):
        log_start(PLAN, {})(SegmentAsked("one", 2, 4))

    assert {
        "rimebatch": 1,
        "time": WALL,
        "level": "debug",
        "pid": os.getpid(),
        "run": WALL,
        "event": "segment-asked",
        "job": "one",
        "segment": 2,
        "chars": 4,
    } == read(path)[-1]


def test_the_first_line(path: Path) -> None:
    """It begins with what is to be done, and what is doubtful about it."""
    plan = replace(PLAN, manifest=replace(PLAN.manifest, warnings=("book.yaml: so",)))
    with keep(path):
        log_start(plan, {"trio": "1.0"})

    first, second = read(path)
    assert ("started", {"trio": "1.0"}) == (first["event"], first["versions"])
    assert ("book", "local", 1, 20) == (
        first["manifest"],
        first["endpoint"],
        first["jobs"],
        first["missing_chars"],
    )
    assert ("warning", "book.yaml: so") == (second["event"], second["warning"])


@pytest.mark.parametrize(
    ("report", "level"),
    [
        (SegmentAsked("one", 1, 16), "debug"),
        (JobStarted("one", 2, 2, 20, 0), "info"),
        (JobResult("one", "done", 2, 20, 0), "info"),
        (AttemptFailed("one", 1, "one: the line was lost", 0.5), "warning"),
        (TakeWithdrawn("one", 1, 16), "warning"),
        (TakeRejected("one", 1, 16, "all of it is silent"), "warning"),
        (FAILED, "error"),
    ],
)
@pytest.mark.parametrize("kept", [*LEVELS])
def test_levels(path: Path, report: Report, level: str, kept: str) -> None:
    """A log holds what is at least as grave as its level."""
    with keep(path, kept):
        log_start(PLAN, {})(report)

    found = [line for line in read(path) if line["event"] == EVENTS[type(report)]]
    assert [level] * (LEVELS[level] >= LEVELS[kept]) == [
        line["level"] for line in found
    ]


def test_no_log(capfd: pytest.CaptureFixture[str]) -> None:
    """Where no log is kept, nothing is written anywhere."""
    log_event("error", "failed", {})

    assert ("", "") == capfd.readouterr()


def test_errors_do_not_quote(path: Path) -> None:
    """What an error quotes of the text is masked, in any case."""
    with keep(path):
        log_start(PLAN, {})(FAILED)

    assert "one: cannot say: • • •" == read(path)[-1]["error"]


@pytest.mark.parametrize("state", ["done", "failed"])
def test_failed_checks(path: Path, state: State) -> None:
    """Each is a line of its own, without the text, before how the job ended."""
    what = "all of its 0.50 s are silent"
    silent = FailedCheck(1, "Call me Ishmael.", "silence", what, 0.5, 0.0)
    with keep(path, "info"):
        log_start(PLAN, {})(JobResult("one", state, 2, 20, 0, failed_checks=(silent,)))

    _, failed, ended = read(path)
    assert ("check-failed", "warning") == (failed["event"], failed["level"])
    assert ("one", 1, "silence", what, 0.5, 0.0) == tuple(
        failed[name]
        for name in ("job", "segment", "check", "what", "measured", "limit")
    )
    assert ("job-ended", state) == (ended["event"], ended["state"])
    assert "failed_checks" not in ended
    assert b"Ishmael" not in path.read_bytes()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("yes", "•"),
        ("call me, ishmael!", "• •, •!"),
        ("me Ishmael", "me Ishmael"),
        ("and so call me Ishmael, yes", "and so • • •, •"),
        ("吾輩は猫だ", "•••••"),
        ("", ""),
    ],
)
def test_quotes(said: str, shown: str) -> None:
    """Three words in a row are a quote, and so is the whole of a shorter text."""
    texts = ["Call me Ishmael.", "Yes.", "…", "吾輩は猫だ"]

    assert shown == Quotes(texts).hide(said)


@given(st.text(max_size=40), st.text(max_size=20))
def test_no_text_is_quoted_whole(text: str, more: str) -> None:
    """Nothing remains of a text that is quoted whole, and nothing else is lost."""
    words = [word for word in text.split() if word.isalpha() and word.isascii()]
    said = Quotes([" ".join(words)]).hide(f"{more}: {' '.join(words)}")

    assert not words or said.endswith(" ".join("•" for _ in words))


def test_credentials_are_masked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credential of the environment is in a line, whoever put it there."""
    monkeypatch.setenv("SOME_TOKEN", SECRET)
    with keep(path):
        log_event("error", "failed", {"error": f"no entry with {SECRET}"})

    assert "no entry with (credential)" == read(path)[-1]["error"]


def test_libraries(path: Path) -> None:
    """Of what a library says, numbers and names are kept, and nothing else."""
    with keep(path):
        LIBRARY.debug("%s received %d bytes", "client-0", 7)
        LIBRARY.debug(
            "%s event: %s, %r", "a sentence", ConnectError, ValueError("Yes.")
        )
        LIBRARY.debug("all is well")

    assert [
        "client-0 received 7 bytes",
        "str event: ConnectError, 'ValueError'",
        "all is well",
    ] == [line["said"] for line in read(path)]


def crash() -> None:
    """Raise a group, one of whose parts has a cause, and all of which quote."""
    wrong = ValueError("Yes.")
    wrong.__cause__ = KeyError("Call me Ishmael.")
    raise ExceptionGroup("Yes.", [wrong])


def test_a_crash(path: Path) -> None:
    """A crash is logged with where it has been, and nothing of what it says."""
    with pytest.RaisesGroup(ValueError), keep(path):
        crash()

    [line] = read(path)
    found = (line["event"], line["level"], line["error"])
    trace = msgspec.convert(line["traceback"], list[str])
    kinds = [step for step in trace if " in " not in step]
    assert ("crashed", "error", "ExceptionGroup") == found
    assert ["ExceptionGroup", "KeyError", "ValueError"] == kinds
    assert 1 == sum(step.endswith(" in crash") for step in trace)
    assert b"Ishmael" not in path.read_bytes()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OutputError("there is no room"), "there is no room"),
        (ManifestError(["1", "2"]), "2 mistakes; `rimebatch plan` tells them"),
        (click.UsageError("no job matches"), "no job matches"),
        (KeyboardInterrupt(), "interrupted"),
        (click.Abort(), "interrupted"),
    ],
)
def test_an_early_end(path: Path, error: BaseException, said: str) -> None:
    """A run that does not come to its end says why."""
    with pytest.raises(type(error)), keep(path):
        raise error

    assert [("failed", said)] == [(line["event"], line["error"]) for line in read(path)]


def test_an_exit(path: Path) -> None:
    """An exit code is no failure of the log's."""
    with pytest.raises(SystemExit), keep(path):
        raise SystemExit(3)

    assert [] == read(path)


def test_added(path: Path) -> None:
    """A log is for its owner alone, and the next run adds to it."""
    for _ in range(2):
        with keep(path):
            log_event("info", "ended", {})

    assert 2 == len(read(path))
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_at_once(path: Path) -> None:
    """A line is there as soon as it is logged."""
    with keep(path):
        log_event("info", "ended", {})

        assert 1 == len(read(path))


def test_nowhere(tmp_path: Path) -> None:
    """A log that cannot be opened is an error."""
    with pytest.raises(OutputError, match="cannot open the log: Is a directory"):
        keep(tmp_path)


def test_a_full_disk(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be written is told at the end; what can is on lines of its own."""
    with keep(path):
        with largest_file(40):
            for _ in range(2):
                log_event("info", "lost", {})
        log_event("info", "found", {})

    torn, whole = path.read_text().splitlines()
    said = f"{path}: 2 lines of the log could not be written: File too large\n"
    assert 40 == len(torn)
    assert '"event":"found"' in whole
    assert said == capsys.readouterr().err

"""What is shown while a run goes on, for programs, logs and people."""

import json
import os
import pty
import sys
from pathlib import Path

import pytest

from fakes.manifests import make_job, make_manifest
from fakes.users import read_until_hangup, run_on_terminal, write_manifest
from rimebatch.cli.displays import Display, describe, echo_json, make_display
from rimebatch.cli.tally import Tally
from rimebatch.manifest.plan import make_plan
from rimebatch.recorder.reports import (
    AttemptFailed,
    JobResult,
    JobStarted,
    LineChanged,
    Report,
    SegmentAsked,
    TakeRecorded,
    TakeRejected,
)

CHARS = 1_200

REPORTS: tuple[Report, ...] = (
    JobStarted("one", 3, 3, CHARS, 0),
    LineChanged("one", is_open=True),
    SegmentAsked("one", 1, 400),
    TakeRecorded("one", 1, 400, 30.0, inferred=False),
    SegmentAsked("one", 2, 400),
    TakeRecorded("one", 2, 400, 33.5, inferred=True),
    LineChanged("one", is_open=False),
    JobResult("one", "failed", 3, 800, 0, error="one: lost"),
    JobStarted("two", 1, 0, 0, 4),
    JobResult("two", "done", 1, 0, 4, 61.0, ("two.wav", "two.words.json")),
)


class Clock:
    """A clock that the test winds on."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return what it shows, in seconds."""
        return self.now_s


def make_tally(clock: Clock | None = None) -> Tally:
    """Return the tally of two jobs."""
    one = make_job("one", *("x" * 400 for _ in range(3)))
    plan = make_plan(make_manifest(one, make_job("two", "Yes.")))
    return Tally(plan, clock or Clock())


def show(display: Display, tally: Tally, *reports: Report) -> None:
    """Have *reports* counted and shown."""
    with display:
        for report in reports:
            tally.add(report)
            display.show(report, tally)


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Each report is one line of JSON, with its version, kind and all fields."""
    show(make_display(json=True, quiet=False), make_tally(), *REPORTS)

    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert "" == err
    assert [1] * len(REPORTS) == [line["rimebatch"] for line in lines]
    assert [
        "job-started",
        "line-changed",
        "segment-asked",
        "take-recorded",
        "segment-asked",
        "take-recorded",
        "line-changed",
        "job-ended",
        "job-started",
        "job-ended",
    ] == [line["event"] for line in lines]
    assert {
        "rimebatch": 1,
        "event": "take-recorded",
        "job": "one",
        "segment": 2,
        "chars": 400,
        "audio_s": 33.5,
        "inferred": True,
    } == lines[5]


def test_json_is_utf_8_in_any_locale(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Letters beyond ASCII are written as they are."""
    echo_json("job-started", {"job": "Kapitel-ü"})

    wanted = '{"rimebatch":1,"event":"job-started","job":"Kapitel-ü"}\n'
    assert wanted.encode() == capfdbinary.readouterr().out


@pytest.mark.parametrize("json_too", [False, True])
def test_quiet(capsys: pytest.CaptureFixture[str], json_too: bool) -> None:
    """``--quiet`` shows nothing; JSON that was asked for, it does not take away."""
    show(make_display(json=json_too, quiet=True), make_tally(), *REPORTS)

    out, err = capsys.readouterr()
    assert (json_too, "") == (bool(out), err)


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal each job's beginning and end is a line on standard error."""
    show(make_display(json=False, quiet=False), make_tally(), *REPORTS)

    out, err = capsys.readouterr()
    assert "" == out
    assert [
        "one: 3 of 3 segments are missing, 1,200 characters",
        "one: failed",
        "two: nothing is missing",
        "two: done, 1:01.0 of audio",
    ] == err.splitlines()


def test_a_failed_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    """That it will be tried again is a line, and a line of JSON."""
    report = AttemptFailed("one", 1, "one: the line was lost", 0.25)
    for json_too in (False, True):
        show(make_display(json=json_too, quiet=False), make_tally(), report)

    out, err = capsys.readouterr()
    assert "one: the line was lost; another try in 0.2 s\n" == err
    assert {
        "rimebatch": 1,
        "event": "attempt-failed",
        "job": "one",
        "attempt": 1,
        "error": "one: the line was lost",
        "wait_s": 0.25,
    } == json.loads(out)


def test_a_rejected_take(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with it, and that there will be another, is a line, and in JSON."""
    report = TakeRejected("one", 2, 400, "all of its 30.00 s are silent")
    for json_too in (False, True):
        show(make_display(json=json_too, quiet=False), make_tally(), report)

    out, err = capsys.readouterr()
    assert "one, segment 2: all of its 30.00 s are silent; once more\n" == err
    assert {
        "rimebatch": 1,
        "event": "take-rejected",
        "job": "one",
        "segment": 2,
        "chars": 400,
        "what": "all of its 30.00 s are silent",
    } == json.loads(out)


def test_plain_lines_of_a_long_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Now and then a line tells how far the whole is, but not at every take."""
    clock = Clock()
    tally, display = make_tally(clock), make_display(json=False, quiet=False)
    for clock.now_s in (4.0, 8.0, 12.0, 16.0, 20.0, 24.0):
        show(display, tally, TakeRecorded("one", 1, 400, 6.0, inferred=False))

    assert [
        "0/2 jobs  3 segments  0/1,204 chars  0:18.0 audio  1.5x  0 open",
        "0/2 jobs  6 segments  0/1,204 chars  0:36.0 audio  1.5x  0 open",
    ] == capsys.readouterr().err.splitlines()


def test_describe() -> None:
    """The line names jobs, segments, characters, audio, speed and connections."""
    clock = Clock()
    tally = make_tally(clock)
    for report in REPORTS[:5]:
        tally.add(report)
    clock.now_s = 4.0

    text = "0/2 jobs  1 segments  800/1,204 chars  0:30.0 audio  7.5x  1 open"
    assert text == describe(tally)


def test_describe_with_nothing_to_send() -> None:
    """A run with nothing to send, such as a rendering, counts its jobs."""
    tally = make_tally()
    for report in (JobStarted("one", 3, 0, 0, 1_200), *REPORTS[8:]):
        tally.add(report)

    assert "1/2 jobs" == describe(tally)


def show_on_terminal(monkeypatch: pytest.MonkeyPatch, *reports: Report) -> str:
    """Return what a terminal shows that is standard error for *reports*."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as file, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", file)
        show(make_display(json=False, quiet=False), make_tally(), *reports)
    shown = "".join(read_until_hangup(ours))
    os.close(ours)
    return shown


@pytest.fixture
def _xterm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("_xterm")
def test_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal a bar shows how much of the characters is sent, and then goes."""
    shown = show_on_terminal(monkeypatch, *REPORTS[:4])

    assert " 33%" in shown
    assert "0/2 jobs  1 segments  400/1,204 chars" in shown
    assert shown.endswith("\x1b[2K")  # the last thing done is to erase a line
    assert "" == capsys.readouterr().out


@pytest.mark.usefixtures("_xterm")
def test_bar_with_nothing_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to send it shows how many of the jobs are done."""
    reports = (JobStarted("one", 3, 0, 0, 1_200), *REPORTS[8:])

    shown = show_on_terminal(monkeypatch, *reports)

    assert " 50%" in shown
    assert "1/2 jobs" in shown


def test_dumb_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that cannot move its cursor gets plain lines."""
    monkeypatch.setenv("TERM", "dumb")

    shown = show_on_terminal(monkeypatch, REPORTS[-1])

    assert "two: done, 1:01.0 of audio\r\n" == shown


def test_forced_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log in which colours are forced is no terminal either."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    show(make_display(json=False, quiet=False), make_tally(), REPORTS[-1])

    assert "two: done, 1:01.0 of audio\n" == capsys.readouterr().err


def test_nowhere_to_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard error is closed, the run goes on."""
    monkeypatch.setattr(sys, "stderr", None)

    show(make_display(json=False, quiet=False), make_tally(), *REPORTS)


@pytest.mark.parametrize("columns", [120, 80, 30])
def test_a_run_on_a_terminal(tmp_path: Path, columns: int) -> None:
    """However narrow the terminal, percentage, time left and counts can be read."""
    manifest = write_manifest(tmp_path, '{id: one, text: "Hello there."}')

    code, shown = run_on_terminal("run", manifest, "--out", tmp_path, columns=columns)

    words = " ".join(shown.split())
    assert 0 == code
    assert "100%" in words
    assert "left" in words
    assert "1/1 jobs 1 segments 12/12 chars" in words
    assert "Nothing was sent" not in words

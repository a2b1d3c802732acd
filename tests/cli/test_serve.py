"""``rimebatch serve`` from end to end."""

import io
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fakes.clients import Heard, listen
from fakes.users import invoke, run_on_terminal, start
from rimebatch.cli.serve import _Announcement, serve
from rimebatch.server import LocalService
from rimebatch.server.faults import FAULTS
from rimebatch.ws3 import Done, Eos, Event, Flush, Text, decode_event, encode_command


class PressesCtrlC(io.StringIO):
    """A terminal at which Ctrl-C is pressed as soon as a line is shown."""

    def write(self, text: str) -> int:
        """Show *text*."""
        if text:
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port of the loopback at which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def hear(url: str) -> list[Event]:
    """Return what the service at *url* says when it is asked to say a word."""
    key = {"Authorization": "Bearer any"}
    with connect(f"{url}?speaker=luna&segment=never", additional_headers=key) as line:
        for command in (Text("Yes.", "a"), Flush(), Eos()):
            line.send(encode_command(command))
        return [decode_event(str(message)) for message in line]


@pytest.mark.parametrize(("option", "runs"), [("--done", 1), ("--no-done", 0)])
def test_people(option: str, runs: int) -> None:
    """It says where it listens, serves there until Ctrl-C, and leaves in good order."""
    process = start("serve", "--port", "0", "--voice", "tone", option)
    assert process.stdout is not None
    announced = process.stdout.readline()

    [url] = re.findall(r"ws://127\.0\.0\.1:\d+/ws3", announced)
    events = hear(url)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()

    assert f"Listening at {url} with the tone voice; Ctrl-C stops it.\n" == announced
    assert runs == sum(isinstance(event, Done) for event in events)
    assert (0, "", "Stopped.\n") == (process.returncode, out, err)


def test_terminal() -> None:
    """On a terminal it looks the same."""
    code, shown = run_on_terminal(
        "serve", "--port", "0", "--voice", "tone", interrupt_at="stops it."
    )

    assert 0 == code
    assert shown.endswith("Ctrl-C stops it.\r\nStopped.\r\n")


def test_programs() -> None:
    """Programs get one object, and end the service by closing its standard input."""
    process = start(
        *("serve", "--port", "0", "--voice", "tone", "--json", "--until-stdin-closes")
    )
    assert process.stdout is not None
    service = msgspec.json.decode(process.stdout.readline(), type=LocalService)

    events = hear(service.url)
    out, err = process.communicate()  # closes standard input first

    assert ("tone", None) == (service.voice, service.notice)
    assert events
    assert (0, "", "") == (process.returncode, out, err)


def test_port_in_use(taken_port: int) -> None:
    """A port that somebody has is one line, and names the port."""
    result = invoke("serve", "--port", str(taken_port), "--voice", "tone")

    assert (5, "") == (result.exit_code, result.stdout)
    [line] = result.stderr.splitlines()
    assert line.startswith(f"Error: 127.0.0.1, port {taken_port}: cannot listen: ")


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_impossible_port(port: str) -> None:
    """A number that no port has is a usage error."""
    result = invoke("serve", f"--port={port}")

    assert 2 == result.exit_code
    assert "'--port'" in result.stderr


def test_ctrl_c_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come as soon as the address is shown."""
    terminal, notices = PressesCtrlC(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", notices)

    serve.main(["--port", "0", "--voice", "tone"], standalone_mode=False)

    assert terminal.getvalue().startswith("Listening at ws://127.0.0.1:")
    assert "Stopped.\n" == notices.getvalue()


def test_whoever_started_it_has_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where standard input is closed already, the service ends as it begins."""
    ours, theirs = os.pipe()
    os.close(theirs)
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        serve.main(
            ["--port", "0", "--voice", "tone", "--json", "--until-stdin-closes"],
            standalone_mode=False,
        )

    out, err = capsys.readouterr()
    assert "tone" == msgspec.json.decode(out, type=LocalService).voice
    assert "" == err


def test_notice(capsys: pytest.CaptureFixture[str]) -> None:
    """What people should know about the voice is on standard error."""
    announcement = _Announcement("tone", "speaks no words", as_json=False)

    announcement.started("ws://127.0.0.1:8000/ws3")

    out, err = capsys.readouterr()
    assert "speaks no words\n" == err
    assert out.startswith("Listening at ws://127.0.0.1:8000/ws3 with the tone voice;")


def ask(*options: str) -> Heard:
    """Start a service with *options*, and return what it makes of two texts."""
    process = start("serve", *SMALL, "--json", "--until-stdin-closes", *options)
    assert process.stdout is not None
    service = msgspec.json.decode(process.stdout.readline(), type=LocalService)
    target = f"{service.url}?speaker=luna&segment=never&audioFormat=pcm"
    texts = (Text("One two.", "a"), Flush(), Text("Three.", ""), Flush())
    try:
        return listen(target, *texts, Eos(), patience_s=0.5)
    finally:
        process.communicate()


SMALL = ("--port", "0", "--voice", "tone", "--speed", "0")
ONE = ["chunk a", "timestamps a", "17 chunk a", "done a"]
TWO = ["chunk a", "timestamps a", "14 chunk a", "done a"]


def test_as_it_is() -> None:
    """Without options a service does what the later documents say."""
    assert [*ONE, *TWO, "close 1000"] == ask().in_short


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--profile", "page"), ["chunk a", "timestamps", "chunk a"]),
        (
            ("--profile", "page", "--done", "--times", "before"),
            ["timestamps", "done a"],
        ),
        (("--no-done", "--times", "after"), ["chunk a", "timestamps a"]),
        (("--empty-context-id", "null"), ["done a", "chunk"]),
        (("--eos-close", "1005"), ["close 1005"]),
        (
            ("--max-chars", "7"),
            ["close 1011 400: text too long: 8 characters, at most 7 are spoken"],
        ),
        (
            ("--speaker", "astra", "--unknown-speaker", "event", "--done-after-error"),
            ["error", "done a", "error", "done a", "close 1000"],
        ),
        (
            ("--fault", "no-audio@1", "--fault", "close@2=4000"),
            ["timestamps a", "done a", "close 4000 fault: closed with 4000"],
        ),
        (("--fault", "stall", "--idle-limit", "0.1"), ["close 1001 idle"]),
        (
            ("--fault", "stall", "--connection-limit", "0.1"),
            ["close 1001 connection limit reached"],
        ),
    ],
)
def test_options(options: tuple[str, ...], expected: list[str]) -> None:
    """What is asked for on the command line is what a client gets."""
    heard = [
        run.split(" ", 1)[-1] if run[0].isdigit() else run
        for run in ask(*options).in_short
    ]

    assert expected == [run for run in heard if run in expected][: len(expected)]


def test_round_trip() -> None:
    """A service that is far away takes one for a handshake, and one for an answer."""
    process = start(
        *("serve", *SMALL, "--json", "--until-stdin-closes", "--round-trip", "0.1")
    )
    assert process.stdout is not None
    service = msgspec.json.decode(process.stdout.readline(), type=LocalService)
    begun_s = time.monotonic()
    hear(service.url)
    took_s = time.monotonic() - begun_s
    process.communicate()

    assert took_s >= 2 * 0.1


def test_log(tmp_path: Path) -> None:
    """The log has every message and the bill."""
    log = tmp_path / "log.jsonl"
    ask("--log", str(log))
    lines = log.read_text(encoding="utf-8").splitlines()
    bills = [line for line in lines if '"synthesis"' in line]

    assert 5 == len(lines) - len(bills)
    assert 2 == len(bills)


def test_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key need not stand on the command line, where others could read it."""
    monkeypatch.setenv("RIMEBATCH_SERVE_API_KEY", "another-key")

    with pytest.raises(InvalidStatus, match="401"):
        ask()


def test_log_that_cannot_be_written(tmp_path: Path) -> None:
    """A log in a folder that is not there is one line."""
    log = tmp_path / "missing" / "log.jsonl"
    result = invoke("serve", *SMALL, "--log", str(log))

    assert (6, "") == (result.exit_code, result.stdout)
    assert (
        f"Error: {log}: cannot write the log: No such file or directory\n"
        == result.stderr
    )


def test_log_that_is_full() -> None:
    """A log that is full ends the service, in one line."""
    process = start("serve", *SMALL, "--json", "--log", "/dev/full")
    assert process.stdout is not None
    service = msgspec.json.decode(process.stdout.readline(), type=LocalService)
    heard = listen(f"{service.url}?speaker=luna", Flush())
    _, err = process.communicate()

    assert "lost" == heard.end
    assert 6 == process.returncode
    assert "Error: /dev/full: cannot write the log: No space left on device\n" == err


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--fault=dorp", "fault 'dorp': did you mean 'drop'?"),
        ("--fault=drop=x", "CHUNKS is a number"),
        ("--speed=-1", "-1"),
        ("--speed=nan", "nan"),
        ("--round-trip=-1", "-1"),
        ("--done-hold=inf", "inf"),
        ("--eos-close=1002", "1002"),
        ("--max-chars=0", "0"),
    ],
)
def test_mistakes(option: str, reason: str) -> None:
    """What cannot be is a usage error that says why."""
    result = invoke("serve", option)

    assert 2 == result.exit_code
    assert reason in result.stderr


def test_help() -> None:
    """The help has every option, under a heading."""
    shown = invoke("serve", "--help").stdout
    options = [
        option
        for parameter in serve.params
        if not getattr(parameter, "hidden", False)
        for option in parameter.opts
    ]

    assert [] == [option for option in options if f" {option}" not in shown]
    assert "Options:" not in shown
    assert "What goes wrong:" in shown


def test_list_of_faults() -> None:
    """Every fault is listed, with its value, and nothing is served."""
    result = invoke("serve", "--list-faults")
    names = re.findall(r"^([a-z0-9-]+)(?:=[A-Z]+)?  ", result.stdout, re.MULTILINE)

    assert 0 == result.exit_code
    assert list(FAULTS) == names

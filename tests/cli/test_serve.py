"""``rimebatch serve`` from end to end."""

import io
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator

import msgspec
import pytest
from websockets.sync.client import connect

from fakes.users import invoke, run_on_terminal, start
from rimebatch.cli.serve import _Announcement, serve
from rimebatch.server import LocalService
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

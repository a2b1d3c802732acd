"""``rimebatch record`` from end to end."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Protocol

import msgspec
import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus

from fakes.clients import Heard, listen
from fakes.transcripts import read_kinds
from fakes.users import invoke, start
from rimebatch.cli.record import record
from rimebatch.errors import ConnectError
from rimebatch.transcript import read_header
from rimebatch.ws3 import Eos, Text

QUERY = "speaker=luna&audioFormat=pcm&samplingRate=8000&segment=never"
SAID = (Text("Yes.", "a"), Eos())
OUT = Path("recorded") / "first-try"


class Run(Protocol):
    """Runs the command."""

    def __call__(self, visit: Callable[[str], None], *arguments: str) -> None:
        """Run it with *arguments*, and *visit* the address that it tells."""


class _Announced(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    upstream: str
    out: str


def start_proxy(*arguments: str) -> tuple["subprocess.Popen[str]", str]:
    """Start a proxy that records into `OUT`; return it, and its announcement."""
    process = start("record", "--port", "0", "--out", OUT, *arguments)
    assert process.stdout is not None
    return process, process.stdout.readline()


def hear(url: str) -> Heard:
    """Have a word spoken by the service at *url*, and hear it out."""
    return listen(f"{url}?{QUERY}", *SAID)


def test_people(url: str) -> None:
    """It says where it listens and what is on record, and leaves on Ctrl-C."""
    process, announced = start_proxy("--upstream", url)
    [proxy] = re.findall(r"ws://127\.0\.0\.1:\d+/ws3", announced)
    heard = [hear(proxy), hear(proxy)]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    header = read_header(OUT / "0002.jsonl")

    assert (
        f"Listening at {proxy}, recording into {OUT}; Ctrl-C stops it.\n" == announced
    )
    assert [hear(url)] * 2 == heard
    assert (0, "") == (process.returncode, out)
    assert f"{OUT}/0001.jsonl: recorded\n{OUT}/0002.jsonl: recorded\nStopped.\n" == err
    assert ("first-try", 2, "proxy") == (header.job, header.attempt, header.vantage)
    assert url == header.endpoint
    assert {"rimebatch", "user-agent"} == set(header.client)
    assert header.wall is not None


def test_once() -> None:
    """It may leave when the first connection has ended, with its own local service."""
    process, announced = start_proxy("--upstream", "local", "--once", "--json")
    told = msgspec.json.decode(announced, type=_Announced)
    heard = hear(told.url)
    out, err = process.communicate()

    assert ("local", str(OUT)) == (told.upstream, told.out)
    assert "close 1000" == heard.end
    assert (0, "") == (process.returncode, out)
    assert f"{OUT}/0001.jsonl: recorded" in err
    assert "local" == read_header(OUT / "0001.jsonl").endpoint
    assert "sealed" == read_kinds(OUT / "0001.jsonl")[-1]


class Visited(io.StringIO):
    """A terminal, of which the first line has visitors come."""

    def __init__(self, visit: Callable[[str], None]) -> None:
        super().__init__()
        self._visit = visit
        self.visitors: Thread | None = None

    def write(self, text: str) -> int:
        """Show *text*."""
        if text and not self.visitors:
            url = re.findall(r"ws://127\.0\.0\.1:\d+/ws3", text)[0]
            self.visitors = Thread(target=self._visit, args=(url,))
            self.visitors.start()
        return super().write(text)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the command within this process, where visitors come as soon as they can."""
    terminals: list[Visited] = []

    def run(visit: Callable[[str], None], *arguments: str) -> None:
        terminals.append(Visited(visit))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminals[-1])
            options = ["--port", "0", "--out", str(OUT), *arguments]
            record.main(options, standalone_mode=False)

    yield run
    for terminal in terminals:
        assert terminal.visitors
        terminal.visitors.join()


def be_refused(url: str) -> None:
    """Be refused by the service at *url*."""
    with pytest.raises(InvalidStatus, match="400"):
        listen(url)


def be_heard(url: str) -> None:
    """Have a word spoken by the service at *url*."""
    assert "close 1000" == hear(url).end


def test_once_heard(url: str, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """When the only connection has ended, so does the command, and in good order."""
    run(be_heard, "--upstream", url, "--once")

    assert f"{OUT}/0001.jsonl: recorded\n" == capsys.readouterr().err


def test_once_refused(url: str, run: Run) -> None:
    """If the only connection is refused, that is the error of the command."""
    with pytest.raises(ConnectError, match="HTTP 400: speaker is missing"):
        run(be_refused, "--upstream", url, "--once", "--json")


def test_programs(
    url: str,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A refusal ends nothing but itself; the end of standard input ends it all."""
    ours, theirs = os.pipe()

    def visit(url: str) -> None:
        be_refused(url)
        be_heard(url)
        os.close(theirs)

    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        run(visit, "--upstream", url, "--until-stdin-closes")

    refused, recorded = capsys.readouterr().err.splitlines()
    assert f"Error: {url}: the handshake was refused with HTTP 400: " in refused
    assert f"{OUT}/0002.jsonl: recorded" == recorded


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "here"), "--upstream"),
        (("--upstream", "local"), "--out"),
        (("--out", "here", "--upstream", "lokal"), "local, cloud or"),
        (("--out", "here", "--upstream", "ws://example.org/ws3"), "unencrypted"),
        (("--out", "here", "--upstream", "wss://x:secret@y/ws3"), "a password"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], words: str) -> None:
    """What cannot be is a usage error that says why, and repeats no password."""
    result = invoke("record", *arguments)

    assert 2 == result.exit_code
    assert words in result.stderr
    assert "secret" not in result.stderr


def test_folder_that_is_a_file(url: str, tmp_path: Path) -> None:
    """Where there is no room for transcripts, the first client ends it."""
    (tmp_path / "recorded").touch()
    process, announced = start_proxy("--upstream", url, "--json")
    with pytest.raises(InvalidMessage):
        hear(msgspec.json.decode(announced, type=_Announced).url)
    _, err = process.communicate()

    assert 6 == process.returncode
    assert f"Error: {OUT}: cannot make the folder: Not a directory\n" == err

"""``rimebatch serve --replay`` from end to end."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import msgspec
import pytest
from websockets.sync.client import connect

from fakes.clients import listen
from fakes.recordings import EOS, FLUSH, QUERY, farewell, make, take, text, write
from fakes.users import invoke, start
from rimebatch.cli.exit_codes import ExitCode
from rimebatch.cli.serve import serve
from rimebatch.cli.serve_replay import _judge
from rimebatch.server.replay_service import Verdict
from rimebatch.ws3.query import encode_query

ONE = (text("One.", "one"), FLUSH, EOS)
TWO = (text("Two.", "two"), FLUSH, EOS)


class _Announced(msgspec.Struct, forbid_unknown_fields=True):
    """What ``--json`` announces."""

    url: str
    control: str
    recordings: int


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the transcripts of two jobs in it, and something else."""
    folder = tmp_path / "record"
    for label in ("one", "two"):
        (folder / label).mkdir(parents=True)
        recording = make(*take(label), *farewell())
        write(folder / label / "0001.jsonl", recording)
    (folder / "notes.txt").write_text("no transcript")
    return folder


@contextmanager
def serving(
    *options: str | Path,
) -> "Iterator[tuple[subprocess.Popen[str], _Announced]]":
    """Run the command; yield the process, which is to end within, and what it said."""
    process = start("serve", "--port", "0", "--pace", "0", "--json", *options)
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield process, msgspec.json.decode(line, type=_Announced)


def hear(url: str, *messages: str, more: str = "") -> str:
    """Say *messages* to the service at *url*, and return how that ends."""
    return listen(f"{url}?{encode_query(QUERY)}{more}", *messages).end


def test_once(folder: Path) -> None:
    """It leaves with 0 when every recording was played once, by the record."""
    with serving("--replay", folder, "--once") as (process, announced):
        ends = [hear(announced.url, *said) for said in (ONE, TWO)]
        out, err = process.communicate()

    assert ["close 1000"] * 2 == ends
    assert 2 == announced.recordings
    assert (0, "", "") == (process.returncode, out, err)


def test_once_and_a_divergence(folder: Path) -> None:
    """It leaves with 7 when a client diverged, and says how, and what was left."""
    with serving("--replay", folder, "--once") as (process, announced):
        end = hear(announced.url, *TWO)
        out, err = process.communicate()

    name = folder / "one/0001.jsonl"
    what = "changed: the client said something else at $.text"
    assert end.startswith("close 4400 changed, entry 2: ")
    assert (7, "") == (process.returncode, out)
    assert err.startswith(f"{name}, entry 2: {what}")
    assert '\n  at $.text\n    recorded: "One."\n    live:     "Two."\n' in err
    assert err.endswith(
        f"\n{folder / 'two/0001.jsonl'}: unplayed: no client asked for it\n"
    )


def test_once_and_interrupted(folder: Path) -> None:
    """Ctrl-C before all is played is no success."""
    one = folder / "one/0001.jsonl"
    with serving("--replay", one, "--once") as (process, _):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()

    assert (7, "") == (process.returncode, out)
    assert f"Stopped.\n{one}: unplayed: no client asked for it\n" == err


def test_once_for_a_program(folder: Path) -> None:
    """A program ends it by closing its standard input, and gets the verdict as well."""
    options = ("--replay", folder / "one", "--once", "--until-stdin-closes")
    with serving(*options) as (process, announced):
        hear(announced.url, *ONE)
        with urlopen(announced.control) as response:
            verdict = json.load(response)
        out, err = process.communicate()  # closes standard input first

    assert verdict["ok"]
    assert (0, "", "") == (process.returncode, out, err)


def test_for_people(folder: Path) -> None:
    """People are told both addresses, and end it by Ctrl-C, whatever was played."""
    process = start("serve", "--port", "0", "--pace", "0", "--replay", folder)
    with process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        url = lines[0].split()[2].removesuffix(",")
        control = lines[1].split()[-1]
        end = hear(url, *TWO, more="&transcript=two/0001")
        with urlopen(control) as response:
            verdict = json.load(response)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()

    assert [
        f"Listening at {url}, with 2 on record; Ctrl-C stops it.\n",
        f"The verdict is at {control}\n",
    ] == lines
    assert "close 1000" == end
    assert [str(folder / "two/0001.jsonl")] == verdict["played"]
    assert (0, "", "Stopped.\n") == (process.returncode, out, err)


def test_client_that_was_still_there(folder: Path) -> None:
    """A client that has neither diverged nor left when it ends is named."""
    one = folder / "one/0001.jsonl"
    options = ("--replay", one, "--once", "--until-stdin-closes", "--silence", "60")
    with (
        serving(*options) as (process, announced),
        connect(f"{announced.url}?{encode_query(QUERY)}"),
    ):
        _, err = process.communicate()

    assert (7, f"{one}: its client was still there\n") == (process.returncode, err)


def test_faults(folder: Path) -> None:
    """A file of faults plays its transcript with them."""
    overlay = folder / "cut.yaml"
    overlay.write_text(
        "faults: 1\nbase: one/0001.jsonl\n"
        "do:\n  - cut: {at: first chunk, code: 1011, reason: overload}\n"
    )
    with serving("--replay", overlay, "--once") as (process, announced):
        end = hear(announced.url, *ONE)
        out, err = process.communicate()

    assert "close 1011 overload" == end
    assert (0, "", "") == (process.returncode, out, err)


def test_nothing_on_record(tmp_path: Path) -> None:
    """A folder without transcripts is an error that says so."""
    result = invoke("serve", "--replay", tmp_path)

    assert 1 == result.exit_code
    assert f"Error: {tmp_path}: no transcripts there; name a transcript, " in (
        result.stderr
    )


def test_no_transcript(folder: Path) -> None:
    """A file that is no transcript is an error before anybody can connect."""
    result = invoke("serve", "--replay", folder / "notes.txt")

    assert (1, "") == (result.exit_code, result.stdout)
    assert "not a transcript" in result.stderr


def test_options_that_a_recording_cannot_heed(folder: Path) -> None:
    """What a voice would do goes not with recordings."""
    result = invoke("serve", "--replay", folder, "--voice", "tone", "--no-done")

    assert 2 == result.exit_code
    assert "--voice, --done: not with --replay." in result.stderr


def test_options_of_recordings_without_any() -> None:
    """What recordings do goes not with a voice."""
    result = invoke("serve", "--once", "--pace", "0")

    assert 2 == result.exit_code
    assert "--once, --pace: only with --replay." in result.stderr


@pytest.mark.parametrize("option", ["--pace", "--silence"])
def test_endless_amounts(option: str, folder: Path) -> None:
    """A time without an end is a usage error."""
    result = invoke("serve", "--replay", folder, option, "inf")

    assert 2 == result.exit_code
    assert f"Invalid value for '{option}': inf is not" in result.stderr


class ReadByAClient(io.StringIO):
    """A terminal whose reader connects to the address, as soon as it is shown."""

    def write(self, text: str) -> int:
        """Show *text*."""
        if found := re.search(r"ws://[^,\"]+", text):
            Thread(target=hear, args=(found[0], *TWO)).start()
        return super().write(text)


@pytest.mark.parametrize("as_json", [True, False])
def test_within_this_process(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    as_json: bool,
) -> None:
    """The announcement comes as soon as clients can, and reports as things happen."""
    terminal = ReadByAClient()
    monkeypatch.setattr(sys, "stdout", terminal)
    options = ["--port", "0", "--pace", "0", "--once", "--replay", str(folder)]
    with pytest.raises(SystemExit) as left:
        serve.main([*options, *["--json"] * as_json], standalone_mode=False)

    assert ExitCode.DIFFERS == left.value.code
    assert as_json == terminal.getvalue().startswith('{"url":"ws://127.0.0.1:')
    assert ": changed: the client said something else at $.text\n" in (
        capsys.readouterr().err
    )


def test_success(capsys: pytest.CaptureFixture[str]) -> None:
    """Where all went by the record, there is nothing to say."""
    _judge(Verdict(("a",), (), (), ()))

    assert ("", "") == capsys.readouterr()


def test_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """What is left is told, line by line, and the exit code says so, too."""
    with pytest.raises(SystemExit) as left:
        _judge(Verdict((), ("a",), ("b",), ()))

    assert ExitCode.DIFFERS == left.value.code
    assert [
        "a: its client was still there",
        "b: unplayed: no client asked for it",
    ] == capsys.readouterr().err.splitlines()


def test_whoever_started_it_has_gone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where standard input is closed already, it ends as it begins."""
    ours, theirs = os.pipe()
    os.close(theirs)
    options = ["--port", "0", "--json", "--until-stdin-closes", "--replay", str(folder)]
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        serve.main(options, standalone_mode=False)

    out, err = capsys.readouterr()
    assert 2 == msgspec.json.decode(out, type=_Announced).recordings
    assert "" == err

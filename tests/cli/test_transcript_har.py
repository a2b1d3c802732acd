"""``rimebatch transcript export`` and ``rimebatch transcript import``."""

import json
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from rimebatch.cli.transcript_har import export_har, import_har
from rimebatch.errors import OutputError, SecretError, TranscriptError
from rimebatch.transcript import Header, JobTranscripts
from rimebatch.transcript.conversation import (
    Conversation,
    Opened,
    Received,
    Sent,
    read_conversation,
    write_conversation,
)
from rimebatch.transcript.redactor import VERBATIM


class Request(msgspec.Struct):
    """Where an entry connected to."""

    url: str


class Entry(msgspec.Struct):
    """An entry of a HAR file."""

    request: Request


class Log(msgspec.Struct):
    """What is in a HAR file."""

    entries: list[Entry]


class Har(msgspec.Struct):
    """A HAR file."""

    log: Log


def run(command: click.Command, *arguments: str | Path) -> Result:
    """Run *command*; what the group above it would print as a line is raised."""
    return CliRunner(catch_exceptions=False).invoke(command, list(map(str, arguments)))


def record(folder: Path, endpoint: str) -> Path:
    """Write a transcript of a short conversation into *folder*."""
    header = Header(
        job="ch01",
        attempt=1,
        vantage="client",
        endpoint=endpoint,
        query=(("speaker", "luna"),),
        client={},
        wall="2026-01-02T03:04:05Z",
    )
    talk = (
        Opened(t=1, status=101, headers={}),
        Sent(t=2, message='{"operation":"eos"}'),
        Received(t=3, message='{"type":"done"}'),
    )
    return write_conversation(
        Conversation(header, talk), JobTranscripts(folder), VERBATIM
    )


def write_capture(path: str, url: str, sent: str = "hello", key: str = "") -> Path:
    """Write what Chrome would have written of a WebSocket at *url*."""
    message = {"type": "send", "time": 1767323045.0, "opcode": 1, "data": sent}
    entry = {
        "startedDateTime": "2026-01-02T03:04:05.000Z",
        "request": {"url": url, "headers": [{"name": "Authorization", "value": key}]},
        "response": {"status": 101},
        "_webSocketMessages": [message],
    }
    Path(path).write_text(json.dumps({"log": {"entries": [entry]}}))
    return Path(path)


def test_there_and_back(tmp_path: Path) -> None:
    """Transcripts become entries, and entries the same conversations."""
    paths = [record(tmp_path / "ch01", "local"), record(tmp_path / "ch01", "cloud")]

    run(export_har, *paths, "-o", "talk.har")
    imported = run(import_har, "talk.har", "--out", "again")

    assert "again/0001.jsonl\nagain/0002.jsonl\n" == imported.stdout
    assert [read_conversation(path).happenings for path in paths] == [
        read_conversation(Path(line)).happenings
        for line in imported.stdout.splitlines()
    ]


def test_names_become_addresses(tmp_path: Path) -> None:
    """In the file, a named endpoint is the address that it stands for."""
    paths = [record(tmp_path / "ch01", name) for name in ("local", "cloud")]

    run(export_har, *paths, "-o", "talk.har")

    har = msgspec.json.decode(Path("talk.har").read_bytes(), type=Har)
    assert [
        "ws://127.0.0.1/ws3?speaker=luna",
        "wss://users-ws.rime.ai/ws3?speaker=luna",
    ] == [entry.request.url for entry in har.log.entries]


def test_force(tmp_path: Path) -> None:
    """A file that is there, which may be a transcript, is replaced on request alone."""
    path = record(tmp_path / "ch01", "local")
    Path("talk.har").write_text("precious")

    with pytest.raises(OutputError, match=r"^talk.har: exists already; --force"):
        run(export_har, path, "-o", "talk.har")
    run(export_har, path, "-o", "talk.har", "--force")

    assert "precious" not in Path("talk.har").read_text()


def test_other_paths() -> None:
    """A WebSocket that is not ws3 is taken only where that is asked for."""
    file = write_capture("x.har", "wss://a/chat")

    with pytest.raises(TranscriptError, match="--all"):
        run(import_har, file, "--out", "chat")

    assert "chat/0001.jsonl\n" == run(import_har, file, "--out", "chat", "--all").stdout


def test_job_is_named_like_the_folder() -> None:
    """A capture knows no jobs; the folder says which one it is."""
    file = write_capture("x.har", "wss://a/ws3")

    run(import_har, file, "--out", "jobs/ch02")

    assert "ch02" == read_conversation(Path("jobs/ch02/0001.jsonl")).header.job


def test_what_is_there_stays() -> None:
    """A second import goes behind the first."""
    file = write_capture("x.har", "wss://a/ws3")
    run(import_har, file, "--out", "job")
    before = Path("job/0001.jsonl").read_bytes()

    result = run(import_har, file, "--out", "job")

    assert "job/0002.jsonl\n" == result.stdout
    assert before == Path("job/0001.jsonl").read_bytes()


def test_credential_outside_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers of requests are not recorded, so that a key in them does no harm."""
    monkeypatch.setenv("RIME_API_KEY", "hello-hello")
    file = write_capture("x.har", "wss://a/ws3?token=hello-hello", key="hello-hello")

    run(import_har, file, "--out", "job")

    assert "hello-hello" not in Path("job/0001.jsonl").read_text()


def test_credential_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was sent as a message stays out, and no file is left."""
    monkeypatch.setenv("RIME_API_KEY", "hello-hello")
    file = write_capture("x.har", "wss://a/ws3", sent="hello-hello")

    with pytest.raises(SecretError, match=r"^job/0001.jsonl: a credential"):
        run(import_har, file, "--out", "job")

    assert [] == list(Path("job").iterdir())


def test_unreadable_file() -> None:
    """What cannot be read is named."""
    with pytest.raises(TranscriptError, match=r"^/proc/self/mem: cannot be read: "):
        run(import_har, "/proc/self/mem", "--out", "job")


def test_no_har_file() -> None:
    """What is no HAR file is named, and nothing is written."""
    Path("x.har").write_text("hello")

    with pytest.raises(TranscriptError, match=r"^x.har: not a HAR file: "):
        run(import_har, "x.har", "--out", "job")

    assert not Path("job").exists()

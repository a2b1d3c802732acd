"""The log of what came in and what would be billed."""

import json
from pathlib import Path

import pytest

from rimebatch.errors import OutputError
from rimebatch.server.logbook import Message, Synthesis, open_logbook


def test_lines(tmp_path: Path) -> None:
    """Each entry is a line of JSON, in the file at once."""
    path = tmp_path / "log.jsonl"
    with open_logbook(path) as logbook:
        logbook.add(Message(1, text='{"text": "Ö\\n"}'))
        logbook.add(Message(1, binary=b"\x00\xff"))
        logbook.add(Synthesis(1, 2, 34, "a"))
        logbook.add(Synthesis(1, 3, 5, None))
        lines = path.read_text(encoding="utf-8").splitlines()

    assert [
        {"event": "message", "connection": 1, "text": '{"text": "Ö\\n"}'},
        {"event": "message", "connection": 1, "binary": "AP8="},
        {
            "event": "synthesis",
            "connection": 1,
            "synthesis": 2,
            "chars": 34,
            "context_id": "a",
        },
        {
            "event": "synthesis",
            "connection": 1,
            "synthesis": 3,
            "chars": 5,
            "context_id": None,
        },
    ] == [json.loads(line) for line in lines]


def test_appended(tmp_path: Path) -> None:
    """What was in the file stays there."""
    path = tmp_path / "log.jsonl"
    path.write_text("before\n", encoding="utf-8")
    with open_logbook(path) as logbook:
        logbook.add(Message(1, text=""))

    assert ["before", '{"event":"message","connection":1,"text":""}'] == (
        path.read_text(encoding="utf-8").splitlines()
    )


def test_no_log() -> None:
    """Without a path nothing is kept."""
    with open_logbook(None) as logbook:
        logbook.add(Message(1, text="gone"))


def test_cannot_be_opened(tmp_path: Path) -> None:
    """A file that cannot be opened is an error that names it."""
    path = tmp_path / "missing" / "log.jsonl"
    with (
        pytest.raises(OutputError, match=r"log\.jsonl: cannot write the log: No such"),
        open_logbook(path),
    ):
        pytest.fail("there is no such folder")


def test_full_disk() -> None:
    """An entry that the disk does not take is an error."""
    with (
        open_logbook(Path("/dev/full")) as logbook,
        pytest.raises(OutputError, match=r"/dev/full: cannot write the log: No space"),
    ):
        logbook.add(Message(1, text=""))

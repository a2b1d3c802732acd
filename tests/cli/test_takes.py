"""``rimebatch takes`` from end to end."""

from pathlib import Path

import msgspec
import pytest

from fakes.transcripts import damage
from fakes.users import invoke, read_lines, write_manifest
from rimebatch.recorder.folders import transcripts_of
from rimebatch.transcript.locks import hold

STORY = r'{id: story, text: "One.\n\nTwo.\n\nThree."}'  # 4, 4 and 6 characters
TALE = '{id: tale, text: "Hey.", voice: {audioFormat: mp3}}'

BOOK = Path("book.yaml")
FOLDER = Path("outputs/book")
NOW = "2026-01-02T03:04:05Z"

TRANSCRIPTS = transcripts_of(FOLDER, "story")


@pytest.fixture(autouse=True)
def _recorded(tmp_path: Path, url: str) -> None:
    """Have two runs record a story, its first two segments twice."""
    write_manifest(tmp_path, STORY, endpoint=url)
    invoke("run", BOOK)
    invoke("retake", FOLDER, "story:1-2")
    assert 0 == invoke("run", BOOK).exit_code


def list_takes(*words: str) -> list[dict[str, object]]:
    """Return what a program is told of the takes of a job."""
    shown = invoke("takes", FOLDER, *words, "--json").stdout
    return [msgspec.json.decode(line) for line in shown.splitlines()]


def list_states() -> list[tuple[object, ...]]:
    """Return segment, number and state of each take of the story."""
    *takes, _ = list_takes("story")
    return [(take["segment"], take["take"], take["state"]) for take in takes]


def test_people() -> None:
    """People get a row for each take, with what is known of it."""
    result = invoke("takes", FOLDER, "story")

    heading, *rows = (line.split() for line in result.stdout.splitlines())
    assert (0, "") == (result.exit_code, result.stderr)
    assert ["segment", "take", "transcript", "audio"] == heading[:4]
    assert [
        ["1", "1", "0001", "0:00.2", "4", "rejected:", "retake", '"One."'],
        ["1", "2", "0002", "0:00.2", "4", "used", '"One."'],
        ["2", "1", "0001", "0:00.2", "4", "rejected:", "retake", '"Two."'],
        ["2", "2", "0002", "0:00.2", "4", "used", '"Two."'],
        ["3", "1", "0001", "0:00.4", "6", "used", '"Three."'],
    ] == rows


def test_programs() -> None:
    """Programs get the same, and how much there is of what the plan has no more."""
    take, used, listed = list_takes("story:1")

    assert {
        "rimebatch": 1,
        "event": "take",
        "job": "story",
        "segment": 1,
        "take": 1,
        "transcript": str(TRANSCRIPTS.folder / "0001.jsonl"),
        "state": "rejected",
        "why": "retake",
        "audio_bytes": take["audio_bytes"],
        "audio_s": take["audio_s"],
        "chars": 4,
        "text": "One.",
    } == take
    assert (2, "used", None) == (used["take"], used["state"], used["why"])
    assert ("takes-listed", "story", 1, 0) == tuple(
        listed[name] for name in ("event", "job", "segments", "unplanned")
    )


def test_use() -> None:
    """A take that is picked counts, whatever newer ones there are; no text is sent."""
    result = invoke("takes", FOLDER, "story:2", "--use", "1")

    assert (0, "Picked; `rimebatch render` makes the files of it.\n") == (
        result.exit_code,
        result.stderr,
    )
    assert [(2, 1, "picked"), (2, 2, "superseded")] == list_states()[2:4]
    assert 0 == read_lines(invoke("run", BOOK, "--json").stdout)[-1].sent_chars
    assert [0, 0] == [
        invoke(command, FOLDER).exit_code for command in ("verify", "replay")
    ]


def test_a_retake_is_undone() -> None:
    """Whoever asked for a new take and is content with the old one pays nothing."""
    invoke("retake", FOLDER, "story:3")
    invoke("takes", FOLDER, "story:3", "--use", "1")

    assert (3, 1, "picked") == list_states()[-1]
    assert 0 == invoke("plan", BOOK, "--check").exit_code


def test_a_retake_of_what_was_picked() -> None:
    """It asks for a new take, and no older one counts in its place."""
    invoke("takes", FOLDER, "story:1", "--use", "1")
    invoke("retake", FOLDER, "story:1")

    assert [(1, 1, "rejected"), (1, 2, "rejected")] == list_states()[:2]

    invoke("run", BOOK)

    assert (1, 3, "used") == list_states()[2]


def test_what_cannot_be_used() -> None:
    """A take that is damaged, or not there, is not picked, nor several at a time."""
    damage(TRANSCRIPTS.all_takes()[0])

    assert (1, 1, "damaged") == list_states()[0]
    for words, code, what in (
        (("story:1", "--use", "1"), 1, "story, segment 1: take 1 is damaged"),
        (("story:1", "--use", "3"), 2, "story, segment 1: there are 2 takes"),
        (("story:1-2", "--use", "1"), 2, "--use is for one segment"),
    ):
        result = invoke("takes", FOLDER, *words)

        assert (code, "") == (result.exit_code, result.stdout)
        assert what in result.stderr


def test_beside_a_run() -> None:
    """Takes are listed at any time, and picked when no run holds the job."""
    with hold(TRANSCRIPTS.folder, NOW):
        listed = invoke("takes", FOLDER, "story")
        result = invoke("takes", FOLDER, "story:1", "--use", "1")

    assert (0, 75, "") == (listed.exit_code, result.exit_code, result.stdout)


def test_another_plan(tmp_path: Path, url: str) -> None:
    """Segments without a take are shown, and takes without a segment are counted."""
    write_manifest(tmp_path, STORY.replace("One.", "Four."), endpoint=url)
    invoke("run", BOOK, "--max-chars", "0")
    result = invoke("takes", FOLDER, "story")

    _, first, *_, last = result.stdout.splitlines()
    assert ["1", "5", "missing", '"Four."'] == first.split()
    assert last == "2 takes are of text or a voice that the plan has no more."


def test_mp3(tmp_path: Path, url: str) -> None:
    """How long compressed audio is would take decoding it: its bytes are shown."""
    write_manifest(tmp_path, TALE, endpoint=url)
    invoke("run", BOOK)
    take, _ = list_takes("tale")
    people = invoke("takes", FOLDER, "tale").stdout

    assert take["audio_s"] is None
    assert f"{take['audio_bytes']:,} bytes" in people

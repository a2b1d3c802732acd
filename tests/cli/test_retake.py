"""``rimebatch retake`` from end to end."""

from pathlib import Path

import pytest

from fakes.users import Sent, invoke, read_lines, write_manifest
from rimebatch.transcript.locks import hold

STORY = r'{id: story, text: "One.\n\nTwo.\n\nThree."}'  # 4, 4 and 6 characters
HELLO = '{id: hello, text: "Hello there."}'  # 12 characters

BOOK = Path("book.yaml")
FOLDER = Path("outputs/book")
NOW = "2026-01-02T03:04:05Z"

LOCKED = FOLDER / "transcripts/story"


@pytest.fixture(autouse=True)
def _recorded(tmp_path: Path, url: str) -> None:
    """Have a run record two jobs."""
    write_manifest(tmp_path, STORY, HELLO, endpoint=url)
    assert 0 == invoke("run", BOOK).exit_code


def read_outputs() -> dict[Path, bytes]:
    """Return the files that were made."""
    return {path: path.read_bytes() for path in FOLDER.glob("*.w*")}


def test_new_takes() -> None:
    """The next run sends these segments, says why, and no others; then all is well."""
    before = read_outputs()
    result = invoke("retake", FOLDER, "story:2-3", "hello")
    story, hello, _ = read_lines(invoke("plan", BOOK, "--json").stdout)

    assert (0, "") == (result.exit_code, result.stderr)
    assert result.stdout == (
        "The next `rimebatch run` sends 22 characters in 3 segments of story, hello, "
        "if the manifest is as it was.\n"
    )
    assert before == read_outputs()
    assert (
        Sent(2, 4, "previous take rejected"),
        Sent(3, 6, "previous take rejected"),
    ) == story.why
    assert (Sent(1, 12, "previous take rejected"),) == hello.why

    *_, ended = read_lines(invoke("run", BOOK, "--json").stdout)

    assert (0, 22, 4) == (ended.exit_code, ended.sent_chars, ended.reused_chars)
    assert 0 == read_lines(invoke("run", BOOK, "--json").stdout)[-1].sent_chars
    assert [0, 0] == [
        invoke(command, FOLDER).exit_code for command in ("verify", "replay")
    ]


def test_again_before_the_run() -> None:
    """To ask twice, or for one more, is to ask once; nothing is bought twice."""
    for words in ("story:2", "story:2"):
        invoke("retake", FOLDER, words)
    result = invoke("retake", FOLDER, "story:1-2")

    assert "sends 8 characters in 2 segments of story," in result.stdout
    assert 8 == read_lines(invoke("run", BOOK, "--json").stdout)[-1].sent_chars


def test_nothing_is_rendered_of_rejected_takes() -> None:
    """What waits for a take is not made of another one, and verify finds no flaw."""
    invoke("retake", FOLDER, "story:2")
    rendered = invoke("render", BOOK)

    assert 3 == rendered.exit_code
    assert "1 of 3 segments are not on record: 2" in rendered.stderr
    assert 0 == invoke("verify", FOLDER).exit_code


def test_beside_a_run() -> None:
    """A job that a run holds is left alone."""
    with hold(LOCKED, NOW):
        result = invoke("retake", FOLDER, "story")

    assert (75, "") == (result.exit_code, result.stdout)
    assert "story: in use by pid " in result.stderr
    assert 0 == invoke("plan", BOOK, "--check").exit_code


def test_a_mistake_changes_nothing() -> None:
    """If one of the names is wrong, no take is rejected."""
    result = invoke("retake", FOLDER, "story:1", "story:4")

    assert 2 == result.exit_code
    assert 0 == invoke("plan", BOOK, "--check").exit_code

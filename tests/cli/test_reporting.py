"""The page that a run and a rendering leave behind."""

import os
from pathlib import Path

import pytest

from fakes.users import invoke, write_manifest


@pytest.fixture
def book(tmp_path: Path, url: str) -> Path:
    """Return a manifest whose outputs lie beside it."""
    return write_manifest(tmp_path, "{id: one, text: Hello there.}", endpoint=url)


def run(book: Path, command: str = "run") -> str:
    """Run *command* on *book*, and return what it says to a person."""
    result = invoke(command, book, "--out", book.parent)
    assert 0 == result.exit_code, result.stderr
    return result.stderr


def test_after_a_run(book: Path) -> None:
    """A run leaves the page of its folder, and one with nothing to do lets it be."""
    page = book.parent / "book/report.html"
    run(book)
    made_ns = page.stat().st_mtime_ns
    run(book)

    assert "Hello there." in page.read_text("utf-8")
    assert made_ns == page.stat().st_mtime_ns


def test_after_rendering(book: Path) -> None:
    """Files that were made again have a page made again."""
    page = book.parent / "book/report.html"
    run(book)
    os.utime(page, ns=(0, 0))
    run(book, "render")

    assert 0 < page.stat().st_mtime_ns


def test_no_room(book: Path) -> None:
    """A run is not the worse for a page that cannot be written."""
    page = book.parent / "book/report.html"
    page.mkdir(parents=True)
    os.utime(page, ns=(0, 0))
    said = run(book)

    assert f"warning: {page}: cannot write: " in said


def test_nothing_rendered(book: Path) -> None:
    """Where no job has files there is no page either."""
    result = invoke("render", book, "--out", book.parent)

    assert 1 == result.exit_code
    assert not (book.parent / "book/report.html").exists()

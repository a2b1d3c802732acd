"""Text files: what comes out of good ones and what is said about bad ones."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.text_files import MAX_FILE_BYTES, _decode, read_text


def test_text_is_read_as_it_is(tmp_path: Path) -> None:
    """Line ends and spaces are kept."""
    file = tmp_path / "a.txt"
    expected = "Für Élise \r\n\n"
    file.write_bytes(expected.encode())

    assert expected == read_text(file)


def test_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    """A byte order mark is not part of the text."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbfHello")
    expected = "Hello"

    assert expected == read_text(file)


def test_missing_file_is_a_flaw(tmp_path: Path) -> None:
    """A file that is not there is said to be so."""
    expected = Flaw("cannot be read: No such file or directory", "check the path")

    assert expected == read_text(tmp_path / "a.txt")


def test_folder_is_a_flaw(tmp_path: Path) -> None:
    """A folder is no text."""
    expected = Flaw("is not a regular file", "give the path of a text file")

    assert expected == read_text(tmp_path)


def test_pipe_is_a_flaw(tmp_path: Path) -> None:
    """A pipe, which could block for ever, is not opened."""
    os.mkfifo(tmp_path / "pipe")
    expected = Flaw("is not a regular file", "give the path of a text file")

    assert expected == read_text(tmp_path / "pipe")


def test_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    """A file over the limit is not read at all."""
    file = tmp_path / "a.txt"
    with file.open("wb") as sparse:
        sparse.truncate(MAX_FILE_BYTES + 1)
    expected = Flaw("is larger than 64 MB", "check the path, or divide the file")

    assert expected == read_text(file)


def test_wrong_encoding_names_the_byte(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is given with its offset and line."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"one\ntwo\ncaf\xe9")
    what = "is not UTF-8: byte 0xE9 at offset 11, line 3"

    assert Flaw(what, "save it as UTF-8") == read_text(file)


def test_byte_order_mark_counts_in_the_offset(tmp_path: Path) -> None:
    """Offsets are those of the file, as a hex editor shows them."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbfcaf\xe9")
    what = "is not UTF-8: byte 0xE9 at offset 6, line 1"

    assert Flaw(what, "save it as UTF-8") == read_text(file)


@given(st.binary())
def test_any_bytes_are_text_or_a_flaw(content: bytes) -> None:
    """No content raises."""
    text = _decode(content)

    assert isinstance(text, Flaw) or text.encode() == content.removeprefix(
        b"\xef\xbb\xbf"
    )

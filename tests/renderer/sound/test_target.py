"""The file that libsndfile writes into."""

import io
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.disks import largest_file
from rimebatch.renderer.sound.target import Target

Step = tuple[bytes, int, int]

STEPS = st.lists(
    st.tuples(
        st.binary(max_size=9),
        st.integers(0, 20),
        st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]),
    ),
    max_size=9,
)


@settings(max_examples=50)
@given(preface=st.binary(max_size=5), steps=STEPS)
def test_like_a_file(preface: bytes, steps: list[Step]) -> None:
    """It is a file like any other, behind what was put in front of it."""
    like = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        target = Target(path, preface)
        for data, offset, whence in steps:
            assert like.write(data) == target.write(data)
            assert like.tell() == target.tell()
            assert like.seek(offset, whence) == target.seek(offset, whence)
        target.close()

        assert preface + like.getvalue() == path.read_bytes()
        assert target.error is None
        assert target.read(10) == b""


def test_full(tmp_path: Path) -> None:
    """A full disk is no exception but the first error, and nothing follows it."""
    target = Target(tmp_path / "file", b"")

    with largest_file(4):
        target.write(b"123456")
    error = target.error
    target.write(b"789")
    target.close()

    assert error
    assert "File too large" == error.strerror
    assert error is target.error
    assert b"1234" == (tmp_path / "file").read_bytes()
    assert 9 == target.tell()


def test_lost(tmp_path: Path) -> None:
    """A file that cannot be closed has an error as well."""
    target = Target(tmp_path / "file", b"")
    os.close(target._file.fileno())

    target.close()

    assert target.error

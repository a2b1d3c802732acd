"""The copy of the catalogue: where it lies, and that it is whole."""

from pathlib import Path

import pytest

from fakes.catalogue import ALL_V2, DATE, VOICE_DETAILS
from rimebatch.cli.voice_copy import find_copy, read_copy, write_copy
from rimebatch.errors import CatalogueError, OutputError
from rimebatch.manifest.catalogue import make_catalogue

CATALOGUE = make_catalogue(DATE, ALL_V2, VOICE_DETAILS)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_a_copy_is_read_back(cache: Path) -> None:
    """What was written is read, and nothing else is left in the folder."""
    file = write_copy(CATALOGUE)

    assert cache / "rimebatch" / "voices.json" == file
    assert CATALOGUE == read_copy()
    assert [file] == list(file.parent.iterdir())


def test_no_copy() -> None:
    """An empty cache has no copy."""
    assert read_copy() is None


def test_a_cache_that_cannot_be_got_at(cache: Path) -> None:
    """A cache folder that is none has no copy in it, and can get none."""
    (cache / "rimebatch").write_text("")

    assert read_copy() is None
    with pytest.raises(OutputError) as caught:
        write_copy(CATALOGUE)
    assert str(caught.value).startswith(f"{find_copy()}: cannot write: ")
    assert str(caught.value).endswith("; make room there, or set XDG_CACHE_HOME")


def test_a_damaged_copy() -> None:
    """A file that is no copy is named, for whoever wants to know which voices."""
    file = write_copy(CATALOGUE)
    file.write_bytes(file.read_bytes()[:-9])

    with pytest.raises(CatalogueError, match=r"voices\.json: not a copy"):
        read_copy()


def test_a_new_copy_takes_the_old_ones_place() -> None:
    """There is one copy, the last."""
    write_copy(make_catalogue("2026-01-01T00:00:00Z", ALL_V2, VOICE_DETAILS))
    write_copy(CATALOGUE)

    assert CATALOGUE == read_copy()


@pytest.mark.parametrize("named", [None, "", "relative/cache"])
def test_the_cache_folder_of_the_home(
    named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a usable XDG_CACHE_HOME the copy lies in ~/.cache."""
    monkeypatch.setenv("HOME", "/home/ada")
    if named is None:
        monkeypatch.delenv("XDG_CACHE_HOME")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", named)

    assert Path("/home/ada/.cache/rimebatch/voices.json") == find_copy()


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no home has no copy."""
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")

    assert Path("/.cache/rimebatch/voices.json") == find_copy()

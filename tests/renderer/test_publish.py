"""Publishing: files appear whole, and none says more than the others keep."""

from pathlib import Path

import pytest

from rimebatch.errors import OutputError
from rimebatch.files import staged
from rimebatch.renderer.publish import cannot_write, discard, publish


def stage(folder: Path, **contents: str) -> list[Path]:
    """Stage files of these names and *contents*; return their final paths."""
    finals = [folder / name for name in contents]
    for final, content in zip(finals, contents.values(), strict=True):
        staged(final).write_text(content)
    return finals


def contents(folder: Path) -> dict[str, str]:
    """Return what the files in *folder* hold, by name."""
    files = (path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_text() for path in files}


def test_staged(tmp_path: Path) -> None:
    """A staged file lies beside its final one, hidden, and always has the same name."""
    found = staged(tmp_path / "ch01.words.json")

    assert tmp_path / ".ch01.words.json.part" == found


def test_publish(tmp_path: Path) -> None:
    """Published files replace earlier ones, and nothing staged is left."""
    (tmp_path / "audio").write_text("earlier")

    publish(stage(tmp_path, audio="new", words="new"))

    assert {"audio": "new", "words": "new"} == contents(tmp_path)


def test_publish_what_is_not_staged(tmp_path: Path) -> None:
    """Unless all files are there, all earlier ones stay."""
    publish(stage(tmp_path, audio="earlier", words="earlier"))
    finals = stage(tmp_path, audio="new")

    with pytest.raises(OutputError, match="words: cannot write: No such file"):
        publish([*finals, tmp_path / "words"])

    assert {"audio": "earlier", "words": "earlier", ".audio.part": "new"} == contents(
        tmp_path
    )


def test_the_last_file_vouches(tmp_path: Path) -> None:
    """If only some files could be moved, the earlier last one does not stay."""
    (tmp_path / "audio").mkdir()
    (tmp_path / "words").write_text("earlier")
    finals = stage(tmp_path, cover="new", audio="new", words="new")

    with pytest.raises(OutputError, match="audio: cannot write: Is a directory;"):
        publish(finals)

    assert {"cover": "new", ".audio.part": "new", ".words.part": "new"} == contents(
        tmp_path
    )


def test_folder_in_the_way(tmp_path: Path) -> None:
    """If the last file cannot be, no other is moved."""
    (tmp_path / "words").mkdir()
    finals = stage(tmp_path, audio="new", words="new")

    with pytest.raises(OutputError, match="words: cannot write: Is a directory;"):
        publish(finals)

    assert {".audio.part": "new", ".words.part": "new"} == contents(tmp_path)


def test_discard(tmp_path: Path) -> None:
    """What is discarded is gone; what was not staged, or is published, is let be."""
    (published,) = stage(tmp_path, words="new")
    publish([published])
    finals = stage(tmp_path, audio="new")

    discard([*finals, published])

    assert {"words": "new"} == contents(tmp_path)


def test_discard_in_an_impossible_folder(tmp_path: Path) -> None:
    """Discarding never fails: it comes after the failure that matters."""
    (tmp_path / "file").write_text("no folder")

    discard([tmp_path / "file" / "audio"])

    assert {"file": "no folder"} == contents(tmp_path)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("System error."), "System error"),
    ],
)
def test_cannot_write(error: Exception, reason: str) -> None:
    """An error names the final file, the reason, and what would help."""
    found = str(cannot_write(Path("story/ch01.wav"), error))

    assert (
        f"story/ch01.wav: cannot write: {reason}; make room there, or write elsewhere"
    ) == found

"""What an audio file says about itself."""

from rimebatch.renderer.sound.tags import DISCLOSURE, Tags


def test_present() -> None:
    """Only tags that are there are written, the disclosure unless it is taken out."""
    assert {"comment": DISCLOSURE} == Tags().present()
    assert {} == Tags(comment="").present()


def test_every() -> None:
    """A track is a number here, and text in a file."""
    tags = Tags("Chapter 1", "Luna", "A Book", 3, "Mine")

    assert {
        "title": "Chapter 1",
        "artist": "Luna",
        "album": "A Book",
        "tracknumber": "3",
        "comment": "Mine",
    } == tags.present()

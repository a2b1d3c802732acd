"""What an audio file says about itself; knows no file format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Retailers ask for it in words of one's own; the European AI Act (article 50) asks for
# a mark that machines can read.
DISCLOSURE: Final = "The voice in this recording is synthetic: made by a computer."
"""That no person speaks."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What an audio file says about itself; empty ones are left out.

    Attributes:
        title: Of this file.
        artist: Who wrote it, or speaks it.
        album: What it is a part of.
        track: Its number there, from 1; 0 where it has none.
        comment: Anything else.
    """

    title: str = ""
    artist: str = ""
    album: str = ""
    track: int = 0
    comment: str = DISCLOSURE

    def present(self) -> Mapping[str, str]:
        """Return those that are there, by the names that libsndfile has for them."""
        every = {
            "title": self.title,
            "artist": self.artist,
            "album": self.album,
            "tracknumber": str(self.track) if self.track else "",
            "comment": self.comment,
        }
        return {name: text for name, text in every.items() if text}

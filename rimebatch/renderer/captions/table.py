"""The captions and timing files that a job can be written as, by their names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rimebatch.renderer.captions.intervals import (
    write_audacity,
    write_csv,
    write_textgrid,
)
from rimebatch.renderer.captions.subtitles import write_lrc, write_srt, write_vtt
from rimebatch.renderer.spoken import SpokenJob


@dataclass(frozen=True, slots=True)
class Writer:
    """One format.

    Attributes:
        suffix: Of its files, with the dot; no two formats have the same.
        write: Makes the content, to be encoded as UTF-8 with its line ends as they
            are. The same job gives the same text.
    """

    suffix: str
    write: Callable[[SpokenJob], str]


CAPTIONS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "srt": Writer(".srt", write_srt),
        "vtt": Writer(".vtt", write_vtt),
        "lrc": Writer(".lrc", write_lrc),
        "textgrid": Writer(".TextGrid", write_textgrid),
        "audacity": Writer(".labels.txt", write_audacity),
        "csv": Writer(".words.csv", write_csv),
    }
)

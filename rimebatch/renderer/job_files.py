"""The names of a job's files, and what is told of them. It opens none."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rimebatch.manifest.encoding import SUFFIXES
from rimebatch.manifest.plan import PlannedJob
from rimebatch.renderer.captions import CAPTIONS

_SIDECAR: Final = ".words.json"


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Where the files of a job are, or would be; all lie in one folder.

    Attributes:
        audio: One for each encoding, in their order; the first is the main one.
        captions: By the name of their format.
        sidecar: The word times.
    """

    audio: tuple[Path, ...]
    captions: Mapping[str, Path]
    sidecar: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file; the sidecar, which vouches for the others, comes last."""
        return (*self.audio, *self.captions.values(), self.sidecar)


def name_files(job: PlannedJob, folder: Path) -> JobFiles:
    """Return where the files of *job* are in *folder*."""
    output = job.output
    return JobFiles(
        tuple(folder / f"{job.id}{SUFFIXES[e.format]}" for e in output.encodings),
        {name: folder / f"{job.id}{CAPTIONS[name].suffix}" for name in output.captions},
        folder / f"{job.id}{_SIDECAR}",
    )


def list_names(job: PlannedJob) -> frozenset[str]:
    """Return the name of every file that *job* may have, in whatever format."""
    captions = (writer.suffix for writer in CAPTIONS.values())
    suffixes = (*SUFFIXES.values(), *captions, _SIDECAR)
    return frozenset(f"{job.id}{suffix}" for suffix in suffixes)


@dataclass(frozen=True, slots=True)
class RenderedJob:
    """The files of a job.

    Attributes:
        files: Where they are.
        frames: Length of the audio.
        rate_hz: Frames per second.
    """

    files: JobFiles
    frames: int
    rate_hz: int

    @property
    def audio(self) -> Path:
        """The main audio file."""
        return self.files.audio[0]

    @property
    def sidecar(self) -> Path:
        """The word times."""
        return self.files.sidecar

    @property
    def seconds(self) -> float:
        """Length of the audio in seconds."""
        return self.frames / self.rate_hz

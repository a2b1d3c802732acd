"""What a manifest was read from, so that a later change of it can be told.

Knows nothing about YAML or manifests.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.text_files import read_text


class Sources:
    """Text files, read once each.

    Attributes:
        digests: Of what each file held, by its path.
    """

    def __init__(self) -> None:
        self.digests: dict[Path, str] = {}

    def read(self, file: Path) -> str | Flaw:
        """Return the text of *file*, or why there is none; see `read_text`."""
        content = read_text(file)
        if isinstance(content, str):
            self.digests[file] = _digest(content)
        return content


def find_changed(digests: Mapping[Path, str]) -> list[Path]:
    """Return the files that no longer hold the text that they held, or are gone."""
    return [file for file, digest in digests.items() if _digest_now(file) != digest]


def _digest_now(file: Path) -> str | None:
    content = read_text(file)
    return _digest(content) if isinstance(content, str) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

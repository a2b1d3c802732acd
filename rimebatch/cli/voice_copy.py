"""The copy of the service's catalogue of voices, in this user's cache folder."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from rimebatch.errors import OutputError
from rimebatch.manifest.catalogue import (
    Catalogue,
    decode_catalogue,
    encode_catalogue,
)


def find_copy() -> Path:
    """Return where the copy is, or would be."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not named.is_absolute():
        # "If an implementation encounters a relative path in any of these variables it
        # should consider the path invalid and ignore it": XDG base directories.
        named = Path(os.environ.get("HOME", "/"), ".cache")
    return named / "rimebatch" / "voices.json"


def read_copy() -> Catalogue | None:
    """Return the copy; ``None`` if there is none, or none that can be got at.

    Raises:
        CatalogueError: There is a file, and it is no copy of a catalogue.
    """
    file = find_copy()
    try:
        content = file.read_bytes()
    except OSError:  # whoever has no cache folder has no copy in it
        return None
    return decode_catalogue(str(file), content)


def write_copy(catalogue: Catalogue) -> Path:
    """Put *catalogue* in the place of the copy, whole or not at all; return its path.

    Raises:
        OutputError: It cannot be written.
    """
    file = find_copy()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=file.parent) as folder:
            staged = Path(folder, file.name)
            staged.write_bytes(encode_catalogue(catalogue))
            staged.replace(file)
    except OSError as error:
        what = f"{file}: cannot write: {error.strerror}"
        raise OutputError(f"{what}; make room there, or set XDG_CACHE_HOME") from error
    return file

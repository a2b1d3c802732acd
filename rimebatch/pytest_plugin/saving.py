"""Putting what a test has recorded where its transcripts lie.

It knows transcripts and files, and nothing of how they came about.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from rimebatch.errors import SecretError
from rimebatch.files import write_whole
from rimebatch.pytest_plugin.paths import find_connections, nth_connection
from rimebatch.transcript import Redactor, read_entries, read_header
from rimebatch.transcript.edit import reseal


def save_connections(sources: Sequence[Path], path: Path, redactor: Redactor) -> None:
    """Save the transcripts of a test's connections; *path* is that of the first.

    Each is replaced by a rename, so that none is ever half there, and those of
    connections that are no longer made go. The time of day is left out: it would be a
    change in version control and means nothing to a replay.

    Raises:
        TranscriptError: One of them cannot be read.
        SecretError: A credential stands in one of them; nothing was saved.
    """
    contents = [_read(source, redactor) for source in sources]
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(contents, start=1):
        write_whole(nth_connection(path, number), content, durable=False)
    for left_over in find_connections(path)[len(contents) :]:
        left_over.unlink()


def _read(source: Path, redactor: Redactor) -> bytes:
    """Return the transcript at *source* as it is saved."""
    entries = (entry for entry in read_entries(source) if entry.kind != "sealed")
    content = reseal(replace(read_header(source), wall=None), entries)
    if redactor.find_secret(content):
        raise SecretError(
            f"{source.name}: a credential stands in what was recorded, and nothing was "
            "saved; find out who sent it, and replace it"
        )
    return content

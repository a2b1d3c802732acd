"""``rimebatch transcript export`` and ``rimebatch transcript import``."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click

from rimebatch.errors import TranscriptError
from rimebatch.recorder.transports.endpoint import CLOUD_URL
from rimebatch.transcript import JobTranscripts, Redactor
from rimebatch.transcript.conversation import read_conversation, write_conversation
from rimebatch.transcript.credentials import find_secrets
from rimebatch.transcript.edit import write_transcript
from rimebatch.transcript.har import decode_har, encode_har

# A local service has another port each time, and a capture needs an address.
_ADDRESSES: Final = {"local": "ws://127.0.0.1/ws3", "cloud": CLOUD_URL}

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("export")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=_EXISTING_FILE
)
@click.option(
    "-o",
    "--out",
    "file",
    metavar="FILE",
    required=True,
    type=_FILE,
    help="Where to write.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def export_har(paths: tuple[Path, ...], file: Path, force: bool) -> None:
    """Write transcripts as one HAR file, as browsers and proxies do.

    Each transcript is an entry: the handshake, and the messages under
    _webSocketMessages. There is no key in it. `import` makes transcripts of it again,
    which hold the same but for the commits.

    \b
    Example:
      rimebatch transcript export outputs/hello/transcripts/hello/*.jsonl -o hello.har
    """
    conversations = [read_conversation(path) for path in paths]
    content = encode_har(conversations, _ADDRESSES, version("rimebatch"))
    write_transcript(file, content, source=paths[0], force=force)


@click.command("import")
@click.argument("file", metavar="FILE", type=_EXISTING_FILE)
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write 0001.jsonl and so on; what is there is left alone.",
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Take every WebSocket, not only those whose path ends in /ws3.",
)
def import_har(file: Path, folder: Path, every: bool) -> None:
    """Write the WebSockets in a HAR file as transcripts, so that they can be replayed.

    Chrome, Playwright, mitmproxy and HTTP Toolkit write such files. A capture does not
    say how the line ended, so the transcript ends with a lost line.

    \b
    Example:
      rimebatch transcript import capture.har --out tests/transcripts/capture
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise TranscriptError(f"{file}: cannot be read: {error.strerror}") from error
    redactor = Redactor(secrets=find_secrets(os.environ))
    transcripts = JobTranscripts(folder)
    for conversation in decode_har(
        content, str(file), folder.resolve().name, every=every
    ):
        click.echo(write_conversation(conversation, transcripts, redactor))

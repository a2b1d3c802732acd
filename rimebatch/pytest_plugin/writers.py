"""The transcript of a connection whose code keeps none itself.

It knows how a transcript is written, and nothing of where what it holds comes from.
"""

from importlib.metadata import version
from pathlib import Path

from rimebatch.recorder.transports.clock import start_clock
from rimebatch.transcript import Header, Redactor, TranscriptWriter
from rimebatch.transcript.redactor import VERBATIM
from rimebatch.ws3.query import Query


def open_writer(
    folder: Path,
    job: str,
    number: int,
    query: Query,
    endpoint: str,
    redactor: Redactor = VERBATIM,
) -> TranscriptWriter:
    """Open a transcript that begins now.

    Args:
        folder: Where it is written; it goes under its number.
        job: Stands in its header.
        number: Which connection of the test it is, from 1.
        query: The synthesis arguments.
        endpoint: What the service is called.
        redactor: What is kept out of it.
    """
    header = Header(
        job=job,
        attempt=number,
        vantage="client",
        endpoint=endpoint,
        query=query,
        client={"rimebatch": version("rimebatch")},
        wall=None,
    )
    return TranscriptWriter(
        folder / f"{number}.jsonl",
        header,
        start_clock(),
        redactor,
    )

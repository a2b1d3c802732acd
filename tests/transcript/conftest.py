"""What the tests of transcripts have in common: a header, and a recorded take."""

import os
from collections.abc import Callable, Iterator, Sequence

import pytest
import xxhash

from rimebatch.transcript.entries import Header, TakeRecord
from rimebatch.transcript.writer import TranscriptWriter
from rimebatch.ws3.takes import EndedTake, TakeEnd


@pytest.fixture
def _open_umask() -> Iterator[None]:
    """Keep no mode from a file by itself, for one test."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def make_header() -> Callable[[int], Header]:
    """Return a maker of headers, by the number of the attempt."""

    def make(attempt: int) -> Header:
        return Header(
            job="ch01",
            attempt=attempt,
            vantage="client",
            endpoint="wss://service.example/ws3",
            query=(("modelId", "arcana"), ("speaker", "luna")),
            client={"rimebatch": "0.1.0"},
            wall="2026-01-02T03:04:05Z",
        )

    return make


@pytest.fixture(scope="session")
def record_take() -> Callable[[TranscriptWriter, str, Sequence[str]], TakeRecord]:
    """Return a recorder of takes: of which segment, and what messages."""

    def record(
        writer: TranscriptWriter, segment: str, messages: Sequence[str]
    ) -> TakeRecord:
        start = writer.position
        writer.sent(f'{{"text":"{segment} "}}')
        for message in messages:
            writer.received(message)
        wire = "".join(f"{message}\n" for message in messages)
        content_id = xxhash.xxh3_128_hexdigest(wire.encode("utf-8", "surrogatepass"))
        take = EndedTake(f"ch01:{segment}", TakeEnd.DONE, 2, content_id, False)
        return writer.commit(
            take, segment=segment, chars=4, start=start, end=writer.position
        )

    return record

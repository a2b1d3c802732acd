"""Every fault of a service, met at the first, a middle and the last segment.

Whatever happens on the only connection that a job gets: other jobs are unharmed, the
transcript is sealed and readable, no file appears that is not whole, and once the fault
is gone the same call sends what is missing and nothing else. With more connections the
same run mends it: see `test_retries.py`.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import trio

from fakes.manifests import make_job, make_manifest
from rimebatch.manifest.plan import Plan, make_plan
from rimebatch.recorder.batch import run_batch
from rimebatch.recorder.folders import transcripts_of
from rimebatch.recorder.patience import Patience
from rimebatch.recorder.reports import JobResult
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import LINE_LIMITS, open_live
from rimebatch.server import ServiceOptions, parse_fault, serve_ws3
from rimebatch.server.faults import FAULTS
from rimebatch.server.voices import ToneVoice
from rimebatch.transcript import read_entries

TEXTS: Final = ("Number one.", "Here comes two.", "And three.")

SILENCE: Final = "nothing came from the service for 1 s"
TOO_SLOW: Final = "no connection within 1 s"

# What the job's error says of each fault; a fault that is not here does no harm.
ERRORS: Final = {
    "status": "HTTP 503",
    "retry-after": "HTTP 429",
    "redirect": "HTTP 302",
    "slow-handshake": TOO_SLOW,
    "drip-handshake": TOO_SLOW,
    "no-http": "the line ended during the handshake",
    "reset-handshake": "the line ended during the handshake",
    "drop": "closed with 1006",
    "reset": "closed with 1006",
    "drop-mid-frame": "closed with 1006",
    "reset-mid-frame": "closed with 1006",
    "bad-utf8": "an unusable message",
    "huge": "an unusable message",
    "stall": SILENCE,
    "freeze": SILENCE,
    "drip": SILENCE,
    "no-done": SILENCE,
    "close": "closed with 1011",
    "early-done": "for a take that had ended",
    "late-audio": "for a take that had ended",
    "stale-audio": "for a take that had ended",
    "no-audio": "without any audio",
    "odd-byte": "inside a sample",
    "error": "the service answered",
    "error-then-done": "the service answered",
    "error-then-audio": "the service answered",
    "long-id": "contextId over 256 characters",
    "unequal-times": "lists of unequal length",
    "nan-times": "not a ws3 event",
    "infinite-times": "broken timestamps event",
    "bad-base64": "not base64",
    "bad-padding": "not base64",
    "bad-json": "not a ws3 event",
    "no-object": "not a ws3 event",
    "no-type": "not a ws3 event",
    "no-data": "chunk event without data",
    "wrong-types": "broken chunk event",
    "binary": "a binary message",
    "bom": "not a ws3 event",
    "deep-json": "not a ws3 event",
    "lone-surrogate": "not a ws3 event",
}
# Nothing tells a client that it has heard the same audio twice.
CHANGES_SOUND: Final = {"double-audio"}
VALUES: Final = {"pings": "=50", "flood": "=500"}  # by default they take a while
# Before the first synthesis there is none whose audio could be stale.
HARMLESS_AT_FIRST: Final = {"stale-audio"}

# In the middle most of the code is passed; the first segment and the last are for the
# long run.
CASES: Final = [
    pytest.param(name, place, marks=[] if place in {"1", "1.2"} else pytest.mark.slow)
    for name, kind in FAULTS.items()
    for place in (["1"] if kind.opens else ["1.1", "1.2", "1.3"])
]


def plan(silence_limit_s: float) -> Plan:
    """Return what is to be said: a book of three segments, and another job."""
    jobs = (make_job("book", *TEXTS), make_job("other", "All is well."))
    manifest = replace(make_manifest(*jobs), concurrency=1, done="always")
    return make_plan(replace(manifest, silence_limit_s=silence_limit_s))


async def run(url: str, folder: Path, limit_s: float = 30.0) -> dict[str, JobResult]:
    """Record and render against the service at *url*, waiting for nothing longer."""
    limits = replace(LINE_LIMITS, connect_s=limit_s, close_s=0.1)
    connect = partial(open_live, Endpoint(url, "any-key"), limits=limits)
    patience = Patience(attempts=1, quiet_s=0.1)
    results = await run_batch(plan(limit_s), connect, folder, patience=patience)
    return {result.job: result for result in results}


@asynccontextmanager
async def open_service(*faults: str) -> AsyncIterator[str]:
    """Yield the address of a service with these faults."""
    options = ServiceOptions(voice=ToneVoice(), faults=tuple(map(parse_fault, faults)))
    async with trio.open_nursery() as nursery:
        yield str(await nursery.start(serve_ws3, options))
        nursery.cancel_scope.cancel()


@pytest.fixture(scope="module")
def flawless(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the book as it sounds when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("flawless")

    async def render() -> None:
        async with open_service() as url:
            await run(url, folder)

    trio.run(render)
    return (folder / "book.wav").read_bytes()


@pytest.mark.parametrize(("name", "place"), CASES)
async def test_a_fault(tmp_path: Path, flawless: bytes, name: str, place: str) -> None:
    """One job fails with a line that names it, or is complete; the next run mends it.

    The fault is on the first connection alone; the third is the second run's.
    """
    audio = tmp_path / "book.wav"
    harmless = name not in ERRORS or (place == "1.1" and name in HARMLESS_AT_FIRST)
    # Short where it is what is waited for; elsewhere no slow machine counts.
    limit_s = 1.0 if ERRORS.get(name) in {SILENCE, TOO_SLOW} else 30.0
    async with open_service(f"{name}@{place}{VALUES.get(name, '')}") as url:
        first = await run(url, tmp_path, limit_s)
        found = transcripts_of(tmp_path, "book").takes(verify=True)
        on_record = sum(take.record.chars for take in found.values())
        was_there = audio.exists()
        again = await run(url, tmp_path)

    assert "done" == first["other"].state
    assert harmless == was_there
    assert harmless == (first["book"].error is None), first["book"].error
    if not harmless:
        error = first["book"].error or ""
        assert error.startswith("book")
        assert re.search(ERRORS[name], error)
        assert "\n" not in error
    for path in transcripts_of(tmp_path, "book").paths():
        assert "sealed" == [entry.kind for entry in read_entries(path)][-1]

    assert "done" == again["book"].state
    assert sum(map(len, TEXTS)) - on_record == again["book"].sent_chars
    assert 0 == again["other"].sent_chars
    if name not in CHANGES_SOUND:
        assert flawless == audio.read_bytes()


def test_every_expectation_is_of_a_fault() -> None:
    """The table above names no fault that is not there."""
    assert set() == {*ERRORS, *CHANGES_SOUND, *VALUES} - FAULTS.keys()

"""Tests of the first line of a transcript."""

from fakes.manifests import make_planned
from rimebatch.recorder.origin import Origin
from rimebatch.recorder.session import Manners
from rimebatch.transcript import Header
from rimebatch.transcript.entries import RecordedManners

JOB = make_planned("The first one.")


def test_header() -> None:
    """It says who spoke to whom, when, for which job, and how."""
    origin = Origin("ws://host/ws3", {"rimebatch": "1"}, "2026-11-23T12:00:00Z")
    manners = Manners(done="always", silence_limit_s=7.0)

    assert Header(
        job="job",
        attempt=2,
        vantage="client",
        endpoint="ws://host/ws3",
        query=JOB.query,
        client={"rimebatch": "1"},
        wall="2026-11-23T12:00:00Z",
        manners=RecordedManners("always", 7.0),
    ) == origin.make_header(JOB, 2, manners)


def test_nothing_known() -> None:
    """An origin that nobody filled in names no place, no client and no time."""
    header = Origin().make_header(JOB, 1, Manners())

    assert ("", {}, None) == (header.endpoint, header.client, header.wall)

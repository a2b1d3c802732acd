"""Tests of what to do about each failure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch import errors
from rimebatch.errors import (
    AudioError,
    CertificateError,
    ConnectError,
    ConnectionClosedError,
    EndpointError,
    LateAudioError,
    OutageError,
    OutputError,
    RemoteProtocolError,
    RimeBatchError,
    SecretError,
    ServerSilentError,
    SynthesisError,
    TranscriptError,
)
from rimebatch.recorder.failures import Remedy, Verdict, classify, read_wait_s

REOPEN, ROOM, AGAIN, FAIL, STOP = Remedy
JOB_ALONE = (302, 400, 403, 404, 405, 414, 422)


def refused(status: int, retry_after: str | None = None) -> ConnectError:
    """Return the error of a handshake that was answered with *status*."""
    return ConnectError("refused", status=status, retry_after=retry_after)


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (ConnectError("nobody listens"), Verdict(REOPEN)),
        (CertificateError("expired"), Verdict(STOP)),
        *[(refused(status), Verdict(STOP)) for status in (401, 402)],
        *[(refused(status), Verdict(REOPEN)) for status in (408, 425, 500, 503, 599)],
        *[(refused(status), Verdict(FAIL)) for status in JOB_ALONE],
        (refused(429), Verdict(ROOM)),
        (refused(429, "7"), Verdict(ROOM, wait_s=7.0)),
        (refused(503, "2"), Verdict(REOPEN, wait_s=2.0)),
        *[
            (ConnectionClosedError(code), Verdict(AGAIN, 3))
            for code in (1001, 1005, 1006, 1011, 1012, 1013, 1014)
        ],
        *[
            (ConnectionClosedError(code), Verdict(AGAIN, 1))
            for code in (1000, 1002, 1003, 1007, 1009, 1010)
        ],
        *[(ConnectionClosedError(code), Verdict(FAIL)) for code in (1008, 4000, 4999)],
        (ServerSilentError("30 s"), Verdict(AGAIN, 3)),
        (RemoteProtocolError("no event"), Verdict(AGAIN, 1)),
        (LateAudioError(None), Verdict(AGAIN, 1)),
        (SynthesisError("internal error"), Verdict(AGAIN, 1)),
        (AudioError("none"), Verdict(AGAIN, 1)),
        (OutputError("disk full"), Verdict(STOP)),
        (EndpointError("nobody was let in"), Verdict(STOP)),
        (OutageError("nothing for 15 minutes"), Verdict(STOP)),
        (SecretError("a key"), Verdict(FAIL)),
        (TranscriptError("damaged"), Verdict(FAIL)),
    ],
    ids=repr,
)
def test_the_table(failure: RimeBatchError, verdict: Verdict) -> None:
    """Each failure has its remedy, and the paid ones a number of purchases."""
    assert verdict == classify(failure)


def test_only_paid_remedies_count_tries() -> None:
    """What costs nothing is not counted; what costs is bounded."""
    for status in range(300, 600):
        assert 0 == classify(refused(status)).tries
    for code in range(1000, 5000):
        verdict = classify(ConnectionClosedError(code))
        assert (verdict.remedy is AGAIN) == (0 < verdict.tries <= 3)


def test_every_error_has_a_verdict() -> None:
    """No error of ours is without a remedy; bugs of ours are never tried again."""
    for name in ("LocalProtocolError", "ManifestError", "VoiceError", "PlanError"):
        kind = getattr(errors, name, RimeBatchError)
        assert FAIL is classify(kind("")).remedy


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("601", 600.0),
        ("1000000000", 600.0),
        ("-1", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_read_wait(header: str | None, wait_s: float | None) -> None:
    """Seconds are obeyed up to ten minutes; anything else is as good as no header."""
    assert wait_s == read_wait_s(header)


@given(st.text())
def test_any_header(header: str) -> None:
    """No header makes it fail, or wait for longer than ten minutes."""
    wait_s = read_wait_s(header)

    assert wait_s is None or 0 <= wait_s <= 600

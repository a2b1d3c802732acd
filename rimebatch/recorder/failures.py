"""What to do about a failure: a table, and nothing that waits or sends.

Two phases decide, because only one of them costs money. Until the first text is sent a
connection is free, so opening is tried again with patience. After that every further
attempt is a purchase, so there are few, and none where the answer would be the same.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rimebatch.errors import (
    AudioError,
    CertificateError,
    ConnectError,
    ConnectionClosedError,
    EndpointError,
    OutageError,
    OutputError,
    RemoteProtocolError,
    RimeBatchError,
    SecretError,
    ServerSilentError,
    SynthesisError,
)


class Remedy(StrEnum):
    """What a failure calls for."""

    REOPEN = "reopen"  # free: open again, after a pause
    WAIT_FOR_ROOM = "wait-for-room"  # the service is full: the governor says when
    ASK_AGAIN = "ask-again"  # paid: a new connection for what is missing
    FAIL_JOB = "fail-job"  # it would end the same way
    STOP_BATCH = "stop-batch"  # no other job would fare better


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about one failure.

    Attributes:
        remedy: What it calls for.
        tries: For a paid remedy, how many more purchases one segment is worth.
        wait_s: The pause that the service asked for, if any.
    """

    remedy: Remedy
    tries: int = 0
    wait_s: float | None = None


_TRANSIENT: Final = 3  # further purchases for what may well pass
_DOUBTFUL: Final = 1  # for what is probably the same next time

_FULL: Final = 429
_NO_ACCOUNT: Final = frozenset({401, 402})  # 403 may be for this voice alone
_PASSING: Final = frozenset({408, 425})  # "later": a slow request, a replayed one
_SERVER_ERRORS: Final = range(500, 600)

# RFC 6455, 7.4.1. What is not here is an answer, and stays the same. 1000, "all is
# said", with a take open, is a service that has miscounted, and rarely by chance.
_GONE: Final = frozenset({1001, 1005, 1006, 1011, 1012, 1013, 1014})
_BROKEN: Final = frozenset({1000, 1002, 1003, 1007, 1009, 1010})

_LONGEST_WAIT_S: Final = 600.0


def classify(failure: RimeBatchError) -> Verdict:
    """Return what *failure* of one attempt calls for."""
    match failure:
        case ConnectError():
            return _classify_opening(failure)
        case ConnectionClosedError(code=code):
            return _classify_close(code)
        case ServerSilentError():
            return Verdict(Remedy.ASK_AGAIN, _TRANSIENT)
        case RemoteProtocolError() | SynthesisError() | AudioError():
            return Verdict(Remedy.ASK_AGAIN, _DOUBTFUL)
        case SecretError():
            pass  # an `OutputError`, but no fault of the disk
        case EndpointError() | OutageError() | OutputError():
            return Verdict(Remedy.STOP_BATCH)
    return Verdict(Remedy.FAIL_JOB)


def _classify_opening(failure: ConnectError) -> Verdict:
    status = failure.status
    if isinstance(failure, CertificateError) or status in _NO_ACCOUNT:
        return Verdict(Remedy.STOP_BATCH)
    if status == _FULL:
        return Verdict(Remedy.WAIT_FOR_ROOM, wait_s=read_wait_s(failure.retry_after))
    if status is None or status in _PASSING or status in _SERVER_ERRORS:
        return Verdict(Remedy.REOPEN, wait_s=read_wait_s(failure.retry_after))
    return Verdict(Remedy.FAIL_JOB)


def _classify_close(code: int) -> Verdict:
    if code in _GONE:
        return Verdict(Remedy.ASK_AGAIN, _TRANSIENT)
    if code in _BROKEN:
        return Verdict(Remedy.ASK_AGAIN, _DOUBTFUL)
    return Verdict(Remedy.FAIL_JOB)


def read_wait_s(retry_after: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for; ``None`` if unusable.

    A date is not read: it would need the time of day, and no service of this kind was
    seen to send one. The longest wait is ten minutes, whatever is asked for: the other
    connections may be doing well, and if there are none, that ends the batch soon.
    """
    asked = (retry_after or "").strip()
    return min(float(asked), _LONGEST_WAIT_S) if asked.isdecimal() else None

"""How often a job is tried again: the limits, and what of them is used up.

Theory of operation. `rimebatch.recorder.failures` says what a failure calls for; here
is counted whether any of that is left. Opening a connection costs nothing, so only the
pauses grow. What has been sent and has no take is bought once more with the next
connection. That is bounded twice: for each segment, since some texts make a service
stumble every time, and for the batch, since a service that is ill for everybody would
otherwise be paid a few times over for every job.

What one job alone cannot know is what its failure means for the others. `Outlook` has
seen them all, and turns it into an error that ends the batch where no other job would
fare better: `EndpointError` if somebody has to put something right before the next run,
`OutageError` if the next run may well succeed as it is.

Pure: nothing here waits, sends or looks at a clock, and chance is passed in.
"""

import math
import socket
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from rimebatch.errors import (
    ConnectError,
    EndpointError,
    OutageError,
    RimeBatchError,
)
from rimebatch.manifest.plan import PlannedJob, Segment
from rimebatch.recorder.breaker import PROBE_S
from rimebatch.recorder.failures import Remedy, Verdict, classify
from rimebatch.recorder.governor import QUIET_S

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0  # two a minute, so that an outage's end is soon noticed
_DOUBLINGS: Final = 6  # by then the longest pause is reached

_FORBIDDEN: Final = 403
_REFUSED_JOBS: Final = 3  # more would only be refused for the same reason
_UNKNOWN_HOSTS: Final = 3  # the first may be a slip of the resolver


@dataclass(frozen=True, slots=True)
class Patience:
    """What a batch puts up with.

    Attributes:
        jitter: Returns a number from 0 up to 1, by which pauses are multiplied, so that
            jobs that failed together do not come back together.
        resent_chars: How many characters the batch may send again in any case.
        resent_share: How many of those that were missing, if that is more.
        fruitless_s: How long no connection may have been open, with somebody trying,
            before the batch gives up.
        unanswered_s: The same as long as nobody has ever answered: that is rather a
            wrong address than an outage.
        attempts: The most connections that a job may take.
        quiet_s: How long after a full service's refusal one more is tried.
        probe_s: How often an ill service is asked whether it is well again.
    """

    jitter: Callable[[], float] = lambda: 1.0
    resent_chars: int = 5_000
    resent_share: float = 0.05
    fruitless_s: float = 900.0
    unanswered_s: float = 30.0
    attempts: float = math.inf
    quiet_s: float = QUIET_S
    probe_s: float = PROBE_S


PATIENCE: Final = Patience()


class Quota:
    """How many characters a batch may still send again.

    Args:
        patience: Has the limits.
        missing_chars: What was missing when the batch began.

    Attributes:
        is_used_up: Whether more was asked for than there was.
    """

    def __init__(self, patience: Patience, missing_chars: int) -> None:
        share = int(patience.resent_share * missing_chars)
        self._left_chars = max(patience.resent_chars, share)
        self.is_used_up = False

    def take(self, chars: int) -> bool:
        """Take *chars* out of it; return whether there were as many."""
        if chars > self._left_chars:
            self.is_used_up = True
            return False
        self._left_chars -= chars
        return True


class Gate(Protocol):
    """What is known of all connections of a batch."""

    @property
    def has_answered(self) -> bool:
        """Whether the service ever has, be it with a refusal."""

    @property
    def let_in(self) -> Collection[str]:
        """The models with which a connection was opened."""

    @property
    def fruitless_s(self) -> float:
        """For how long no connection has been open."""


class Outlook:
    """What the failures of all jobs together come to.

    Args:
        patience: Has the limits.
        quota: Is shared by all jobs of the batch.
        gate: Has seen all their connections.
    """

    def __init__(self, patience: Patience, quota: Quota, gate: Gate) -> None:
        self._patience = patience
        self._quota = quota
        self._gate = gate
        self._refused: set[str] = set()  # jobs that the service would not have
        self._unknown_hosts = 0

    def judge(self, error: RimeBatchError, job: PlannedJob) -> RimeBatchError:
        """Return *error* of *job*, or what it comes to if it ends the batch."""
        if classify(error).remedy is Remedy.STOP_BATCH:
            return error
        if isinstance(error, ConnectError) and (why := self._find_fault(error, job)):
            return EndpointError(f"{error}; {why}")
        if why := self._find_outage():
            return OutageError(f"{error}; {why}; run the same command again later")
        return error

    def _find_fault(self, error: ConnectError, job: PlannedJob) -> str | None:
        """Return why the endpoint itself is to blame, if it is."""
        gate, model = self._gate, dict(job.query)["modelId"]
        if error.status == _FORBIDDEN and model not in gate.let_in:
            return f"nobody was let in with the model {model}"
        if classify(error).remedy is Remedy.FAIL_JOB:
            self._refused.add(job.id)
        if len(self._refused) >= _REFUSED_JOBS and not gate.let_in:
            return f"so ended the first {_REFUSED_JOBS} jobs"
        self._unknown_hosts += _is_unknown_host(error)
        waited = gate.fruitless_s > self._patience.unanswered_s
        if not gate.has_answered and (waited or self._unknown_hosts >= _UNKNOWN_HOSTS):
            return "nobody has ever answered; is the address right?"
        return None

    def _find_outage(self) -> str | None:
        """Return why the batch goes no further for now, if it does not."""
        limit_s = self._patience.fruitless_s
        if self._quota.is_used_up:
            return "as much was sent again as one run may"
        if self._gate.has_answered and self._gate.fruitless_s > limit_s:
            return f"no connection was open for {limit_s / 60:g} minutes"
        return None


def _is_unknown_host(error: ConnectError) -> bool:
    cause = error.__cause__
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME


class Retries:
    """What one job has been granted.

    Args:
        patience: Has the limits.
        quota: Is shared by all jobs of the batch.
    """

    def __init__(self, patience: Patience, quota: Quota) -> None:
        self._jitter = patience.jitter
        self._attempts_left = patience.attempts
        self._quota = quota
        self._purchases: Counter[str] = Counter()  # further ones, by the segment's key
        self._missing = 0
        self._in_a_row = 0  # failures since the last take

    def judge(
        self, error: RimeBatchError, missing: Sequence[Segment], sent: Collection[str]
    ) -> Verdict:
        """Return what to do about *error*, and how long to wait before.

        Args:
            error: What ended an attempt.
            missing: What has no take after it; not empty.
            sent: The keys of the segments that have ever been sent.
        """
        verdict = classify(error)
        if verdict.remedy in {Remedy.FAIL_JOB, Remedy.STOP_BATCH}:
            return verdict
        self._attempts_left -= 1
        if not self._attempts_left:
            return Verdict(Remedy.FAIL_JOB)
        at_stake = [segment for segment in missing if segment.key in sent]
        if verdict.remedy is Remedy.ASK_AGAIN:
            # A line that breaks before anything was sent is held against what is next.
            keys = {segment.key for segment in at_stake or missing[:1]}
            if not self._buy(keys, verdict.tries, sum(s.chars for s in at_stake)):
                return Verdict(Remedy.FAIL_JOB)
        self._in_a_row = self._in_a_row + 1 if len(missing) == self._missing else 1
        self._missing = len(missing)
        return replace(verdict, wait_s=self._pause_s(verdict))

    def _buy(self, keys: Collection[str], tries: int, chars: int) -> bool:
        """Grant the segments of *keys* one more purchase each, if that is in bounds."""
        self._purchases.update(keys)
        worst = max(self._purchases[key] for key in keys)
        return worst <= tries and self._quota.take(chars)

    def _pause_s(self, verdict: Verdict) -> float:
        if verdict.wait_s is not None:
            return verdict.wait_s + self._jitter()
        if verdict.remedy is Remedy.WAIT_FOR_ROOM:  # the governor says when
            return 0.0
        doubled_s = math.ldexp(_FIRST_PAUSE_S, min(self._in_a_row - 1, _DOUBLINGS))
        return self._jitter() * min(_LONGEST_PAUSE_S, doubled_s)

"""How often a job is tried again: the limits, and what of them is used up.

Theory of operation. `rimebatch.recorder.failures` says what a failure calls for; here
is counted whether any of that is left. Opening a connection costs nothing, so only the
pauses grow. What has been sent and has no take is bought once more with the next
connection. That is bounded twice: for each segment, since some texts make a service
stumble every time, and for the batch, since a service that is ill for everybody would
otherwise be paid a few times over for every job.

Pure: nothing here waits, sends or looks at a clock, and chance is passed in.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rimebatch.errors import RimeBatchError
from rimebatch.manifest.plan import Segment
from rimebatch.recorder.failures import Remedy, Verdict, classify
from rimebatch.recorder.governor import QUIET_S

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0  # two a minute, so that an outage's end is soon noticed
_DOUBLINGS: Final = 6  # by then the longest pause is reached


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
    """

    jitter: Callable[[], float] = lambda: 1.0
    resent_chars: int = 5_000
    resent_share: float = 0.05
    fruitless_s: float = 900.0
    unanswered_s: float = 30.0
    attempts: float = math.inf
    quiet_s: float = QUIET_S


PATIENCE: Final = Patience()


class Quota:
    """How many characters a batch may still send again.

    Args:
        patience: Has the limits.
        missing_chars: What was missing when the batch began.
    """

    def __init__(self, patience: Patience, missing_chars: int) -> None:
        share = int(patience.resent_share * missing_chars)
        self._left_chars = max(patience.resent_chars, share)

    def take(self, chars: int) -> bool:
        """Take *chars* out of it; return whether there were as many."""
        if chars > self._left_chars:
            return False
        self._left_chars -= chars
        return True


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

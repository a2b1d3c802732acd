"""Takes that failed their checks: which are worth a further take, and what is told.

The renderer has measured what they fail, and the manifest says what a job does about
it. This opens no connection and decides nothing about other jobs.
"""

from collections.abc import Callable, Iterable, Iterator

from rimebatch.recorder.reports import FailedCheck
from rimebatch.renderer import Doubt
from rimebatch.transcript import JobTranscripts
from rimebatch.transcript.choices import BY_PERSON


def reject_doubtful(
    transcripts: JobTranscripts,
    doubts: Iterable[Doubt],
    retakes: int,
    may_resend: Callable[[int], bool],
) -> list[Doubt]:
    """Reject the takes in *doubts* whose segments are worth a further one, for good.

    What is counted is on record, so that a run that is begun again buys no more than
    one that was not interrupted.

    Args:
        transcripts: Of the job, which is held.
        doubts: Takes that count, and failed their checks.
        retakes: How many takes checks may reject of one segment, ever.
        may_resend: Decides whether so many characters more may be sent again: where
            every take fails it is rather the check that is wrong.

    Returns:
        Those that no longer count.

    Raises:
        TranscriptError: What was chosen before cannot be read.
        OutputError: It cannot be written.
    """
    before = transcripts.choices().rejected
    rejected = []
    for doubt in doubts:
        by_checks = [
            rejection
            for rejection in before.get(doubt.segment.key, ())
            if rejection.why not in BY_PERSON
        ]
        if len(by_checks) < retakes and may_resend(doubt.segment.chars):
            transcripts.reject([doubt.take], why=describe(doubt))
            rejected.append(doubt)
    return rejected


def describe(doubt: Doubt) -> str:
    """Return what is wrong with a take, as one sentence."""
    return "; ".join(finding.sentence for finding in doubt.findings)


def list_failed_checks(doubts: Iterable[Doubt]) -> Iterator[FailedCheck]:
    """Yield each finding of *doubts* by itself."""
    for doubt in doubts:
        for finding in doubt.findings:
            yield FailedCheck(
                segment=doubt.number,
                text=doubt.segment.text,
                check=finding.check.value,
                what=finding.sentence,
                measured=finding.measured,
                limit=finding.limit,
            )

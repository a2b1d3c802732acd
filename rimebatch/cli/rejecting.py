"""Having others asked for than the takes on record; shared by run and retake."""

from collections.abc import Collection
from pathlib import Path

from rimebatch.cli.clock import read_wall_time
from rimebatch.recorder.folders import transcripts_of
from rimebatch.transcript.locks import hold


def reject_takes(
    folder: Path, job_id: str, segments: Collection[str], why: str
) -> None:
    """Reject every take of *segments*, so that the next run asks for new ones.

    That includes those that a newer one superseded: they would count again. Where no
    take counts, nothing is touched.

    Args:
        folder: Of the outputs.
        job_id: Its record is held meanwhile.
        segments: Their keys.
        why: As for `rimebatch.transcript.JobTranscripts.reject`.

    Raises:
        HeldError: A run holds the record of the job.
        TranscriptError: It cannot be read.
        OutputError: It cannot be written.
    """
    transcripts = transcripts_of(folder, job_id)
    if transcripts.takes().keys().isdisjoint(segments):
        return
    with hold(transcripts.folder, read_wall_time()):
        takes = transcripts.all_takes()
        transcripts.reject([t for t in takes if t.record.segment in segments], why)

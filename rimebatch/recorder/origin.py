"""The first line of each transcript of a batch; what it says is all passed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rimebatch.manifest.plan import PlannedJob
from rimebatch.recorder.session import Manners
from rimebatch.transcript import Header, Redactor
from rimebatch.transcript.entries import RecordedManners
from rimebatch.transcript.redactor import VERBATIM


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a transcript comes from, as its first line says, and what it may hold.

    Attributes:
        endpoint: The address, without a key.
        client: Versions of what speaks.
        wall: The time of day as RFC 3339; ``None`` keeps it out of the record.
        redactor: What is kept out of every line.
    """

    endpoint: str = ""
    client: Mapping[str, str] = field(default_factory=dict)
    wall: str | None = None
    redactor: Redactor = VERBATIM

    def make_header(self, job: PlannedJob, attempt: int, manners: Manners) -> Header:
        """Return the first line of the transcript of an *attempt* at *job*."""
        return Header(
            job=job.id,
            attempt=attempt,
            vantage="client",
            endpoint=self.endpoint,
            query=job.query,
            client=dict(self.client),
            wall=self.wall,
            manners=RecordedManners(manners.done, manners.silence_limit_s),
        )

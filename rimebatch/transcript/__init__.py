"""The record: one file for each connection, written as it happens and read back.

A transcript is UTF-8 JSON lines: a header, one entry for each thing that happened in
either direction, and a trailer that seals it. `docs/formats.md` is the reference.

- `entries` is the format: what a line holds.
- `writer` appends, `reader` reads back, `store` knows where a job's transcripts lie.
- `redactor` keeps out what must not be on record.
- `verify` finds damage, by `lines` and `sums`; `view` shows a timeline, `compare` tells
  two transcripts apart by what is `heard` in each, `edit` makes new ones of old ones.

This room decides nothing about the conversation and knows no clock of its own.
"""

from rimebatch.transcript.entries import Entry, Header, TakeRecord
from rimebatch.transcript.reader import (
    RecordedTake,
    read_entries,
    read_events,
    read_header,
    read_messages,
    read_takes,
)
from rimebatch.transcript.redactor import Redactor
from rimebatch.transcript.store import JobTranscripts
from rimebatch.transcript.writer import Span, TranscriptWriter

__all__ = [
    "Entry",
    "Header",
    "JobTranscripts",
    "RecordedTake",
    "Redactor",
    "Span",
    "TakeRecord",
    "TranscriptWriter",
    "read_entries",
    "read_events",
    "read_header",
    "read_messages",
    "read_takes",
]

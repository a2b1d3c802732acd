"""A local service in a process of its own, and what its log says it was asked for.

The bill is read there and nowhere else: no client counts for itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import msgspec

from fakes.clients import listen
from fakes.users import start
from rimebatch.server.local import LocalService
from rimebatch.server.logbook import Message, Synthesis
from rimebatch.ws3 import Eos, encode_command

Entry: TypeAlias = Message | Synthesis

EOS = encode_command(Eos())


@dataclass(frozen=True)
class Till:
    """Where a service is, and what it writes down.

    Attributes:
        url: Of the service.
        log: The file of its log.
        skipped: How many entries of it are not of interest.
    """

    url: str
    log: Path
    skipped: int = 0

    def read(self) -> list[Entry]:
        """Return the entries of the log, but for one that is half written."""
        lines = self.log.read_bytes().rpartition(b"\n")[0].splitlines()
        return [msgspec.json.decode(line, type=Entry) for line in lines[self.skipped :]]

    def reset(self) -> "Till":
        """Return the same till, which from now on counts from zero."""
        return replace(self, skipped=self.skipped + len(self.read()))

    def knock(self) -> int:
        """Connect, and return which connection to the service that was, from 1.

        It counts refused ones, too, which leave no other trace in the log.
        """
        listen(f"{self.url}?speaker=luna", EOS)
        return self.read()[-1].connection


@contextmanager
def open_till(folder: Path, *options: str) -> Iterator[Till]:
    """Run a service with these *options* and a log in *folder*."""
    log = folder / "service.jsonl"
    way = ("--voice", "tone", "--speed", "0", "--port", "0", "--log", str(log))
    # It leaves with standard input, which closes at the end of the block.
    with start("serve", *way, "--json", "--until-stdin-closes", *options) as process:
        assert process.stdout is not None
        service = msgspec.json.decode(process.stdout.readline(), type=LocalService)
        yield Till(service.url, log)


def syntheses(log: Sequence[Entry]) -> list[Synthesis]:
    """Return what was billed, in order."""
    return [entry for entry in log if isinstance(entry, Synthesis)]


@dataclass(frozen=True)
class Crash:
    """What there was just after a client was killed.

    Attributes:
        on_record: The context ids of the takes in its transcripts.
        entries: How many entries the log had.
    """

    on_record: set[str]
    entries: int


def find_overcharges(
    log: Sequence[Entry], crashes: Sequence[Crash], concurrency: int
) -> list[str]:
    """Return, in words, what of *log* may not be on a bill; nothing if all is right.

    A take on record is never bought again. Of what is bought again each purchase that
    came to nothing was the last on a connection that a crash cut; and there are no more
    of those for a crash than connections may be open.
    """
    closed = {e.connection for e in log if isinstance(e, Message) and e.text == EOS}
    cut = {entry.connection for entry in log} - closed
    bills = syntheses(log)
    last = {bill.connection: bill for bill in bills}
    return (
        [
            f"{bill.context_id} was on record, and was bought again"
            for crash in crashes
            for bill in syntheses(log[crash.entries :])
            if bill.context_id in crash.on_record
        ]
        + [
            f"{bill.context_id} was bought again, and no crash was to blame"
            for number, bill in enumerate(bills, start=1)
            if bill.context_id in {later.context_id for later in bills[number:]}
            and not (bill is last[bill.connection] and bill.connection in cut)
        ]
        + [
            f"{len(cut)} connections were cut in {len(crashes)} crashes"
            for _ in range(len(cut) > concurrency * len(crashes))
        ]
    )

"""What whole runs cost, counted by the service's own log (see `fakes.tills`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251  # of a client that is not ours, and seeded
from typing import Final

import msgspec
import pytest
import trio

from fakes.tills import Entry, Till, open_till, syntheses
from fakes.transcripts import open_transcript
from fakes.users import Line, read_lines, write_manifest
from fakes.warm import run_warm
from rimebatch.errors import ConnectError
from rimebatch.recorder.governor import HANDSHAKES
from rimebatch.recorder.transports.endpoint import Endpoint
from rimebatch.recorder.transports.live import open_live
from rimebatch.server.logbook import Message
from rimebatch.ws3 import Text, decode_command

CHAPTERS: Final = [f"ch{number:02}" for number in range(1, 14)]


class Paragraph(msgspec.Struct):
    """One segment of a sidecar."""

    text: str


class Sidecar(msgspec.Struct):
    """What is looked at in a sidecar."""

    segments: list[Paragraph]


@dataclass(frozen=True)
class Book:
    """A book of 13 chapters, on record in full.

    Attributes:
        till: Of the service; it has counted nothing but what came since.
        folder: Of the manifest, the chapters' texts, and the outputs.
    """

    till: Till
    folder: Path

    def write(self, chapter: str, *paragraphs: str) -> None:
        """Write a chapter."""
        path = self.folder / f"{chapter}.txt"
        path.write_text("\n\n".join(paragraphs), encoding="utf-8")

    def tell(self, command: str) -> list[Line]:
        """Run *command* to its end; return what it said."""
        output = self.folder / "said.txt"
        output.unlink(missing_ok=True)
        where = ("--out", self.folder, "--endpoint", self.till.url, "--json")
        return read_lines(run_warm(output, command, self.folder / "book.yaml", *where))

    def hear(self, chapter: str) -> list[str]:
        """Return the paragraphs of the audio of a chapter."""
        path = self.folder / f"book/{chapter}.words.json"
        sidecar = msgspec.json.decode(path.read_bytes(), type=Sidecar)
        return [segment.text for segment in sidecar.segments]

    def look_beside(self, chapter: str) -> dict[str, tuple[int, int]]:
        """Return inode and time of change of every file of all other chapters."""
        return {
            str(path): (path.stat().st_ino, path.stat().st_mtime_ns)
            for path in (self.folder / "book").rglob("*")
            if path.is_file()
            and any(name in str(path) for name in CHAPTERS if name != chapter)
        }


def paragraphs_of(chapter: str) -> list[str]:
    """Return what a chapter says at first: nothing is said twice in the book."""
    return [
        f"This is the {nth} word on {chapter}." for nth in ("first", "next", "last")
    ]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Record the book."""
    folder = tmp_path_factory.mktemp("telling")
    jobs = [f"{{id: {name}, text_file: {name}.txt}}" for name in CHAPTERS]
    write_manifest(folder, *jobs, more="concurrency: 4\ndone: always")
    with open_till(folder) as till:
        book = Book(till, folder)
        for chapter in CHAPTERS:
            book.write(chapter, *paragraphs_of(chapter))
        book.tell("run")
        yield book


@pytest.fixture
def book(recorded: Book) -> Book:
    """Return the book, of which nothing has been billed yet."""
    return Book(recorded.till.reset(), recorded.folder)


def read_texts(log: list[Entry]) -> list[str]:
    """Return every text that a client sent."""
    messages = [entry.text or "" for entry in log if isinstance(entry, Message)]
    commands = map(decode_command, messages)
    return [command.text for command in commands if isinstance(command, Text)]


@pytest.mark.slow
def test_a_paragraph_that_is_edited(book: Book) -> None:
    """Its characters are sent and no other, and no other chapter is touched."""
    first, _, last = paragraphs_of("ch05")
    edited = "Another word on ch05."
    book.write("ch05", first, edited, last)
    beside = book.look_beside("ch05")
    planned = {line.job: line.why for line in book.tell("plan") if line.why}
    book.tell("run")
    log = book.till.read()

    [sent] = planned.pop("ch05")
    assert ({}, "text changed", len(edited)) == (planned, sent.reason, sent.chars)
    assert [edited] == read_texts(log)
    assert [len(edited)] == [bill.chars for bill in syntheses(log)]
    assert [first, edited, last] == book.hear("ch05")
    assert beside == book.look_beside("ch05")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chapter", "change"),
    [("ch07", lambda told: told[::-1]), ("ch09", lambda told: told[1:])],
    ids=["moved", "deleted"],
)
def test_a_paragraph_that_is_no_longer_there(
    book: Book, chapter: str, change: Callable[[list[str]], list[str]]
) -> None:
    """To move a paragraph, or to delete one, sends nothing and opens no connection."""
    paragraphs = change(paragraphs_of(chapter))
    book.write(chapter, *paragraphs)
    beside = book.look_beside(chapter)
    before = book.till.knock()
    book.tell("run")

    assert before + 1 == book.till.knock()
    assert [] == read_texts(book.till.read())
    assert paragraphs == book.hear(chapter)
    assert beside == book.look_beside(chapter)


QUERY: Final = (("speaker", "luna"),)
JOBS: Final = 128
CONCURRENCY: Final = 64
PLACES: Final = 20
SEGMENT_S: Final = 0.25  # how long each is made to take
JOB_S: Final = 2 * SEGMENT_S

# The pauses of a common client: full jitter, half a second at first and half a minute
# at most. Jobs are of 0.5 s here in place of 20 s, so pauses are as much shorter.
FIRST_PAUSE_S: Final = 0.5 * JOB_S / 20
LONGEST_PAUSE_S: Final = 30 * JOB_S / 20


async def run_fixed_pool(url: str, folder: Path) -> None:
    """Keep so many jobs going as if there were room for all of them."""
    chance, limiter = Random(5), trio.CapacityLimiter(CONCURRENCY)

    async def stay(place: Path) -> None:
        async with limiter:
            await stay_once(Endpoint(url, "a-key"), place, chance)

    async with trio.open_nursery() as nursery:
        for number in range(JOBS):
            nursery.start_soon(stay, folder / f"{number}")


async def stay_once(endpoint: Endpoint, place: Path, chance: Random) -> None:
    """Stay as long as a job; try again as long as there is no room."""
    for tries in count():
        try:
            with open_transcript(place.with_suffix(f".{tries}")) as transcript:
                async with open_live(endpoint, QUERY, transcript):
                    await trio.sleep(JOB_S)
        except ConnectError as error:
            if error.status != 429:
                raise
            longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**tries)
            await trio.sleep(chance.uniform(0, longest_s))
        else:
            return


@pytest.mark.slow
def test_fewer_places_than_connections(tmp_path: Path) -> None:
    """A run of 64 finds the 20 places; a fixed pool is refused far more often."""
    jobs = [f'{{id: job{n}, text: "Job {n}.\\n\\nEnd of {n}."}}' for n in range(JOBS)]
    more = f"concurrency: {CONCURRENCY}\ndone: always"
    manifest = write_manifest(tmp_path, *jobs, more=more)
    faults = ("--fault", f"stall={SEGMENT_S}")
    with open_till(tmp_path, "--account-limit", str(PLACES), *faults) as till:
        begun = till.knock()
        run = till.reset()
        where = ("--out", tmp_path, "--endpoint", till.url, "--quiet")
        run_warm(tmp_path / "said.txt", "run", manifest, *where)
        log = run.read()
        between = till.knock()
        trio.run(partial(run_fixed_pool, till.url, tmp_path))
        ended = till.knock()

    bills = [bill.context_id for bill in syntheses(log)]
    refused = between - begun - 1 - len({entry.connection for entry in log})
    refused_of_pool = ended - between - 1 - JOBS
    assert 2 * JOBS == len(bills) == len(set(bills))
    assert 0 < refused <= 2 * HANDSHAKES
    assert refused_of_pool >= 50 * refused  # about 3 against 550, measured

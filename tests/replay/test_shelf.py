"""Tests of which recording a connection gets."""

import pytest

from fakes.recordings import QUERY, make
from rimebatch.replay import Divergence, DivergenceKind, Match, Recording, Shelf
from rimebatch.replay.matching import Difference
from rimebatch.ws3 import Query

BERT: Query = (("speaker", "bert"), *QUERY[1:])
ONE, TWO, THREE = (make(name=f"book/{n}.jsonl") for n in ("0001", "0002", "0003"))
OTHER = make(name="other/0001.jsonl", job="other", query=BERT)


def take(shelf: Shelf, query: Query = QUERY, match: Match = "json", **by: str) -> str:
    """Return the name of the recording that is taken, or the divergence."""
    taken = shelf.take(query, match, **by)
    return taken.name if isinstance(taken, Recording) else str(taken)


def fail(shelf: Shelf, query: Query = QUERY, match: Match = "json") -> Divergence:
    """Return the divergence of a connection that is given none."""
    taken = shelf.take(query, match)
    assert isinstance(taken, Divergence)

    assert ((), None, None) == (taken.recent, taken.nearest, taken.hint)
    return taken


def test_in_order() -> None:
    """Equal connections get the recordings in order, each once."""
    shelf = Shelf([ONE, TWO])

    waiting = []
    for recording in (ONE, TWO):
        waiting.append(shelf.waiting)

        assert recording is shelf.take(QUERY, "json")

    assert [(ONE, TWO), (TWO,), ()] == [*waiting, shelf.waiting]


def test_by_query() -> None:
    """A connection gets the first recording that was made for what it asks for."""
    shelf = Shelf([OTHER, ONE])

    assert ONE is shelf.take(QUERY, "json")
    assert OTHER is shelf.take(BERT, "json")


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        (QUERY, "exact json shape any"),
        (QUERY[::-1], "json shape any"),
        (BERT, "shape any"),
        (QUERY[1:], "any"),
        ((*QUERY, QUERY[0]), "shape any"),
    ],
)
def test_how_alike(query: Query, matches: str) -> None:
    """Each way of matching takes for the same what it says, and nothing else."""
    ways: tuple[Match, ...] = ("exact", "json", "shape", "any")

    assert matches.split() == [
        way for way in ways if isinstance(Shelf([ONE]).take(query, way), Recording)
    ]


def test_by_job() -> None:
    """A job gets its own recordings, in whichever order the jobs connect."""
    one, two = make(name="one", job="one"), make(name="two", job="two")
    shelf = Shelf([one, two])

    assert "two" == take(shelf, job="two")
    assert take(shelf, job="two").startswith("two: extra-connection: ")
    assert "one" == take(shelf, job="one")


@pytest.mark.parametrize("job", ["nobody", ""])
def test_by_no_job(job: str) -> None:
    """Who is not on record by name gets any."""
    assert "other/0001.jsonl" == take(Shelf([OTHER, ONE]), BERT, job=job)


@pytest.mark.parametrize("name", ["0002", "0002.jsonl", "book/0002", "book/0002.jsonl"])
def test_by_name(name: str) -> None:
    """A connection may name its recording, by its file or the end of its path."""
    assert TWO.name == take(Shelf([ONE, TWO, THREE]), name=name)


@pytest.mark.parametrize("name", ["2", "ook/0002", "a/book/0002", ""])
def test_by_an_unknown_name(name: str) -> None:
    """A name that none has is a divergence, and nothing is taken."""
    shelf = Shelf([ONE, TWO])

    assert (
        f"the record: handshake: no recording that waits is called {name!r}"
    ) == take(shelf, name=name)
    assert (ONE, TWO) == shelf.waiting


def test_turns() -> None:
    """Recordings that rotate take turns, those not played yet before the others."""
    shelf = Shelf([ONE, TWO], rotates=True)

    assert [ONE.name, TWO.name, ONE.name] == [take(shelf) for _ in range(3)]
    assert (TWO, ONE) == shelf.waiting


def test_another_query() -> None:
    """What a connection asks for in vain is compared with what is most like it."""
    far = make(name="far", query=(("speaker", "carl"),))
    found = fail(Shelf([far, ONE]), BERT)

    assert (DivergenceKind.HANDSHAKE, ONE.name) == (found.kind, found.transcript)
    assert "the client connects with another query: speaker" == found.what
    assert (Difference("$.speaker", "luna", "bert"),) == found.differences


def test_other_names() -> None:
    """A parameter that only one of them has is a difference."""
    found = fail(Shelf([ONE]), (*QUERY[1:], ("lang", "eng")))

    assert (
        Difference("$.speaker", "luna", "nothing"),
        Difference("$.lang", "nothing", "eng"),
    ) == found.differences


@pytest.mark.parametrize(
    ("query", "match"), [(QUERY[::-1], "exact"), ((*QUERY, QUERY[0]), "json")]
)
def test_another_order(query: Query, match: Match) -> None:
    """Where the same stands in another order, or twice, there is no place to show."""
    found = fail(Shelf([ONE]), query, match)

    assert (
        "the client connects with another query: its order or repetitions"
    ) == found.what
    assert () == found.differences


def test_one_connection_too_many() -> None:
    """After the last recording every connection is one too many."""
    shelf = Shelf([ONE, TWO])
    take(shelf)
    take(shelf)
    found = fail(shelf)

    assert (DivergenceKind.EXTRA_CONNECTION, TWO.name) == (found.kind, found.transcript)


def test_an_empty_shelf() -> None:
    """Where there is no recording, the first connection is one too many."""
    assert take(Shelf([])).startswith("the record: extra-connection: ")

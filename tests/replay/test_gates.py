"""Tests of what must have been said before something may be heard."""

import hashlib
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.recordings import (
    BY_SENTENCE,
    CLEAR,
    EOS,
    FLUSH,
    QUERY,
    chunk,
    done,
    ended,
    error,
    farewell,
    heard,
    make,
    said,
    take,
    text,
    times,
)
from rimebatch.replay import Gate, Step
from rimebatch.replay.gates import is_action, make_gates
from rimebatch.ws3 import Query

A, B, C = (text(f"{name.upper()}.", name) for name in "abc")
ASKED = (said(A), said(FLUSH), said(B), said(FLUSH))  # two at once
HIDDEN = f"sha256:{hashlib.sha256(b'One.').hexdigest()}"


def gates(*steps: Step, query: Query = QUERY, gate: Gate = "context") -> list[int]:
    """Return the gates of those of *steps* that are the server's."""
    found = zip(steps, make_gates(make(*steps, query=query), gate), strict=True)
    return [gate for step, gate in found if not is_action(step)]


def test_what_the_client_does() -> None:
    """Its messages and its closes are its actions; a line that it dropped is none."""
    assert is_action(said(FLUSH))
    assert is_action(ended("client"))
    assert not is_action(ended("client", 1006))
    assert not is_action(ended("server"))
    assert not is_action(heard(FLUSH))


def test_the_place_of_an_action() -> None:
    """The gate of the client's own steps is how many came before."""
    assert (0, 1, 2, 2, 2, 2, 3, 3) == make_gates(
        make(*take("a"), *farewell()), "context"
    )


@pytest.mark.parametrize("gate", ["observed", "total"])
def test_by_order(gate: Gate) -> None:
    """The other gates are all actions before, whatever the labels say."""
    steps = (heard(chunk()), *ASKED, heard(chunk("a")), heard(done("a")), *farewell())

    assert [0, 4, 4, 5] == gates(*steps, gate=gate)


def test_by_context() -> None:
    """Under ``never`` its flush lets a context be heard, and no later one."""
    steps = (
        *ASKED,
        *(heard(chunk("a")), heard(done("a"))),
        *(said(C), said(FLUSH)),
        *(heard(chunk("b")), heard(done("b"))),
        *(heard(chunk("c")), heard(done("c"))),
        *farewell(),
    )

    assert [2, 2, 4, 4, 6, 6, 7] == gates(*steps)


def test_several_texts_and_one_flush() -> None:
    """A text without an id goes with the one before, and the flush counts for both."""
    steps = (said(A), said(text(" And more.")), said(FLUSH), heard(chunk("a")))

    assert [3] == gates(*steps)


def test_nothing_to_flush() -> None:
    """What has nothing more spoken is not what a client would have to say first."""
    steps = (said(A), said(FLUSH), said(FLUSH), said(EOS), heard(chunk("a")))

    assert [2] == gates(*steps)


def test_a_context_asked_for_again() -> None:
    """An id that comes again is heard again for what was said then."""
    assert [2, 2, 2, 4, 4, 4] == gates(*take("a"), *take("a"))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("Half a", " sentence."), 2),
        (("One. Two", " and"), 1),
        (("Nothing", " ends"), 1),
        ((HIDDEN, HIDDEN), 1),
    ],
)
def test_by_sentence(texts: tuple[str, ...], expected: int) -> None:
    """The text that ends a sentence counts; where none does, the first one."""
    asked = (said(text(words, "a")) for words in texts)

    assert [expected] == gates(*asked, heard(chunk("a")), query=BY_SENTENCE)


def test_by_sentence_is_the_default() -> None:
    """A query without ``segment`` means what it means to the service."""
    assert [1] == gates(said(A), said(FLUSH), heard(chunk("a")), query=())


def test_the_example_of_the_page() -> None:
    """A client without ids hears nothing before what it was all submitted by."""
    asked = map(said, [text("This "), text("is "), CLEAR, text("That "), EOS])

    assert [5, 5, 5] == gates(
        *asked, heard(chunk()), heard(times()), ended(), query=BY_SENTENCE
    )


def test_without_ids() -> None:
    """Without ids each answer is to the last question before it."""
    one = (said(text("One.")), said(FLUSH), heard(chunk()), heard(times()))

    assert [2, 2, 4, 4] == gates(*one, *one)
    assert [2, 2, 2, 4, 4, 4] == gates(*one, heard(done()), *one, heard(done()))


def test_ids_from_the_second_text_on() -> None:
    """Of the page's two texts, asked for at once, the first is heard without an id."""
    steps = (said(text("One.")), said(A), heard(chunk()), heard(chunk("a")))

    assert [1, 2] == gates(*steps, query=BY_SENTENCE)


def test_times_without_id() -> None:
    """What bears no id is of the context heard last, and after that of the next."""
    steps = (
        *ASKED,
        *(heard(chunk("a")), heard(times()), heard(done())),
        *(said(C), said(FLUSH)),
        *(heard(times()), heard(chunk("b")), heard(done())),
        *(heard(chunk("c")), heard(done("c")), heard(times())),
    )

    assert [2, 2, 2, 4, 4, 4, 6, 6, 6] == gates(*steps)


def test_a_label_of_the_service_s_own() -> None:
    """An id that nobody has given says nothing."""
    steps = (*ASKED, heard(chunk("?")), heard(chunk("b")), heard(chunk("?")))

    assert [2, 4, 4] == gates(*steps)


def test_a_done_with_a_stray_label() -> None:
    """A done is of what was heard, since no context begins with one."""
    steps = (*ASKED, heard(chunk("a")), heard(done("b")), heard(chunk("b")))

    assert [2, 2, 4] == gates(*steps)


def test_errors() -> None:
    """An error is about what was said last, unless something was heard since."""
    steps = (*ASKED, heard(error()), heard(chunk("a")), heard(error()), heard(error()))

    assert [4, 2, 2, 2] == gates(*steps)


def test_a_broken_command() -> None:
    """What is no command asks for nothing but an error."""
    steps = (said(A), said(FLUSH), said("{"), heard(error()), heard(chunk("a")))

    assert [3, 2] == gates(*steps)


def test_a_lost_line() -> None:
    """A line lost amid a context takes no more than that; a client need not ask on."""
    assert [2, 2] == gates(*ASKED, heard(chunk("a")), ended(code=1006))
    assert [4] == gates(*ASKED, ended(code=1006))


def test_the_end() -> None:
    """A close follows from ``eos``, or from the close of the client."""
    asked = (*ASKED, heard(chunk("a")))

    assert [2, 5, 5] == gates(*asked, said(EOS), heard(error()), ended())
    assert [2, 5] == gates(*asked, ended("client"), ended())


MESSAGES = [said(A), said(B), said(text("One.")), said(FLUSH), said(CLEAR), said("?")]
EVENTS = [
    *(heard(chunk("a")), heard(chunk("b")), heard(chunk()), heard(b"")),
    *(heard(done("a")), heard(done()), heard(times()), heard(error())),
]


@given(
    st.lists(st.sampled_from([*MESSAGES, *EVENTS, said(EOS)])),
    st.sampled_from([QUERY, BY_SENTENCE]),
)
def test_no_gate_is_beyond_the_record(steps: list[Step], query: Query) -> None:
    """No step waits for what the client had not said when it was recorded."""
    before = list(accumulate(map(is_action, steps), initial=0))[:-1]
    recording = make(*steps, query=query)

    assert before == list(make_gates(recording, "observed"))
    assert all(
        0 <= gate <= most
        for gate, most in zip(make_gates(recording, "context"), before, strict=True)
    )

"""Tests of `rimebatch.ws3.buffer`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimebatch.ws3.buffer import TextBuffer, Utterance, spoken_text
from rimebatch.ws3.commands import Clear, Command, Eos, Flush, Text

SEGMENTS = ["never", "bySentence", "immediate"]

# The page's own example conversation.
PAGE_SCRIPT: list[Command] = [
    *map(Text, ["This ", "is ", "a ", "test ", "before "]),
    Clear(),
    *map(Text, ["This ", "is ", "an ", "incomplete ", "sentence "]),
    Eos(),
]

_SCRIPTS = st.lists(
    st.one_of(
        st.builds(Text, st.text("ab3 .?!”\n"), st.sampled_from([None, "", "x", "y"])),
        st.just(Flush()),
    )
)


def receive(buffer: TextBuffer, *commands: Command) -> list[Utterance]:
    """Let a service come for text only after all *commands*; return what it speaks."""
    for command in commands:
        buffer.receive(command)
    utterances = []
    while utterance := buffer.next_utterance():
        utterances.append(utterance)
    return utterances


def make_busy(segment: str) -> TextBuffer:
    """Return the buffer of a service that is in the middle of a synthesis."""
    buffer = TextBuffer(segment)
    buffer.receive(Text("Busy."))
    buffer.receive(Flush())
    assert buffer.next_utterance() == Utterance("Busy.", None)
    return buffer


@pytest.mark.parametrize("segment", ["never", "bySentence"])
def test_clear_forgets_waiting_text(segment: str) -> None:
    """Of the page's example only the unfinished sentence after `clear` is spoken."""
    assert [Utterance("This is an incomplete sentence ", None)] == receive(
        TextBuffer(segment), *PAGE_SCRIPT
    )


@pytest.mark.parametrize("segment", ["bySentence", "immediate"])
def test_each_text_has_its_own_context_id(segment: str) -> None:
    """The page's two texts are tagged apart, even if both come before any audio."""
    first, second = "The minimum text message.", "A message with an id."

    assert [Utterance(first, None), Utterance(second, "1594-B1")] == receive(
        TextBuffer(segment), Text(first), Text(second, "1594-B1")
    )


def test_context_id_persists() -> None:
    """A text without an id keeps the one before; an empty id is one like any other."""
    buffer = make_busy("never")

    assert [Utterance("Two.", "x")] == receive(
        buffer, Text("T", "x"), Text("w"), Text("o."), Flush()
    )
    assert "x" == buffer.context_id
    assert [Utterance("Three.", "")] == receive(buffer, Text("Three.", ""), Flush())


def test_emptiness() -> None:
    """A buffer is empty when nothing is left in it that could be spoken."""
    buffer = TextBuffer("bySentence")
    is_empty = [buffer.is_empty]
    for command in (Text(" "), Text("One. Two"), Clear(), Text("Three."), Flush()):
        buffer.receive(command)
        is_empty.append(buffer.is_empty)
    while buffer.next_utterance():
        is_empty.append(buffer.is_empty)

    assert [True, True, False, False, False, False, False, True] == is_empty


def test_context_id_is_that_of_the_submission() -> None:
    """What was submitted is not tagged with an id that came later."""
    buffer = make_busy("never")
    utterances = receive(buffer, Text("One.", "x"), Flush(), Text("Two.", "y"))

    assert [Utterance("One.", "x")] == utterances
    assert [Utterance("Two.", "y")] == receive(buffer, Eos())


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("One. Two", "One."),
        ("One.\nTwo", "One."),
        ("One? Two! Three", "One? Two!"),
        ('He said "No." Then', 'He said "No."'),
        ("He said “No.” Then", "He said “No.”"),
        ("She asked (why?) and", "She asked (why?)"),
        ("Wait... what", "Wait..."),
        ("All of it.", "All of it."),
        ("Dr. Who", "Dr."),  # the service is no wiser
    ],
)
def test_sentence_begins_when_it_ends(text: str, spoken: str) -> None:
    """By default whole sentences are spoken, closing marks included, and no more."""
    buffer = TextBuffer("bySentence")

    assert [Utterance(spoken, None)] == receive(buffer, Text(text))
    assert text.removeprefix(spoken) == "".join(
        utterance.text for utterance in receive(buffer, Eos())
    )


@pytest.mark.parametrize("text", ["no end", "3.14 apples", "rime.ai", "“Well”, he"])
def test_unfinished_sentence_waits(text: str) -> None:
    """Without an end of sentence nothing is spoken until flush or eos."""
    buffer = TextBuffer("bySentence")

    assert [] == receive(buffer, Text(text))
    assert [Utterance(text, None)] == receive(buffer, Flush())


def test_number_split_over_messages() -> None:
    """A busy service sees 3.14 whole; an idle one takes `3.` for a sentence."""
    texts = (Text("It is 3."), Text("14 now."))

    assert [Utterance("It is 3.14 now.", None)] == receive(
        make_busy("bySentence"), *texts
    )
    assert [Utterance("It is 3.", None), Utterance("14 now.", None)] == receive(
        TextBuffer("bySentence"), *texts
    )


@pytest.mark.parametrize("segment", ["", "null", "bySentense"])
def test_default_is_by_sentence(segment: str) -> None:
    """Any other value of `segment` means what the service does by default."""
    assert [Utterance("One.", None)] == receive(TextBuffer(segment), Text("One. Two"))


def test_never_waits_for_flush() -> None:
    """With `never` the whole buffer is one utterance, once it is flushed."""
    buffer = TextBuffer("never")

    assert [] == receive(buffer, Text("One. "), Text("Two. "))
    assert [Utterance("One. Two. ", None)] == receive(buffer, Flush())


def test_immediate_takes_text_as_it_comes() -> None:
    """With `immediate` an idle service begins with the first text it gets."""
    buffer = TextBuffer("immediate")

    assert [Utterance("One", None), Utterance(" two", None)] == receive(
        buffer, Text("One"), Text(" two")
    )


def test_immediate_piles_up_while_busy() -> None:
    """With `immediate` all that came during a synthesis goes out as one."""
    assert [Utterance("One two", "x")] == receive(
        make_busy("immediate"), Text("One"), Text(" two", "x")
    )


@pytest.mark.parametrize("segment", SEGMENTS)
def test_flushes_while_busy_are_merged(segment: str) -> None:
    """What is flushed during a synthesis is one utterance, with the newest id."""
    assert [Utterance("One. Two.", "y")] == receive(
        make_busy(segment), Text("One. ", "x"), Flush(), Text("Two.", "y"), Flush()
    )


@pytest.mark.parametrize("segment", SEGMENTS)
def test_flush_of_an_idle_service_stands_alone(segment: str) -> None:
    """The first of two flushes that come at once is not merged with the second."""
    assert [Utterance("One.", "x"), Utterance("Two.", "y")] == receive(
        TextBuffer(segment), Text("One.", "x"), Flush(), Text("Two.", "y"), Flush()
    )


@pytest.mark.parametrize("make_buffer", [make_busy, TextBuffer])
def test_clear_does_not_reach_flushed_text(
    make_buffer: type[TextBuffer],
) -> None:
    """Text that has been flushed is spoken, whatever is cleared after it."""
    buffer = make_buffer("never")

    assert [Utterance("One.", None)] == receive(
        buffer, Text("One."), Flush(), Text("Two."), Clear(), Eos()
    )


def test_clear_reaches_sentences_of_a_busy_service() -> None:
    """A whole sentence that no one has taken up yet is forgotten."""
    assert [] == receive(make_busy("bySentence"), Text("One. "), Clear(), Eos())


@pytest.mark.parametrize("segment", SEGMENTS)
def test_nothing_is_not_spoken(segment: str) -> None:
    """Flushing nothing, or white space, gives no utterance."""
    assert [] == receive(
        TextBuffer(segment), Flush(), Text(" \n"), Flush(), Text(""), Eos()
    )


def test_flushed_white_space_does_not_hold_up_a_sentence() -> None:
    """A sentence after flushed white space is spoken without being flushed."""
    assert [Utterance(" One.", None)] == receive(
        make_busy("bySentence"), Text(" "), Flush(), Text("One.")
    )


@given(
    segment=st.sampled_from(SEGMENTS),
    script=_SCRIPTS,
    visits=st.lists(st.booleans()),
)
def test_text_is_neither_lost_nor_doubled(
    segment: str, script: list[Command], visits: list[bool]
) -> None:
    """Whenever the service comes for text, it gets all of it once and in order."""
    buffer = TextBuffer(segment)
    spoken: list[Utterance | None] = []
    for index, command in enumerate([*script, Eos()]):
        buffer.receive(command)
        if index < len(visits) and visits[index]:
            spoken.append(buffer.next_utterance())
    spoken += receive(buffer)
    texts = [utterance.text for utterance in spoken if utterance]
    sent = "".join(command.text for command in script if isinstance(command, Text))

    assert all(text.strip() for text in texts)
    assert sent.startswith("".join(texts))
    assert "" == sent.removeprefix("".join(texts)).strip()


@pytest.mark.parametrize(
    ("script", "spoken"),
    [
        (PAGE_SCRIPT, "This is an incomplete sentence"),
        ([Text("One."), Flush(), Text("Two."), Eos()], "One. Two."),
        ([Text("One.\n\n"), Text(" Two. ")], "One. Two."),
        ([Text("It is 3."), Text("14."), Eos()], "It is 3.14."),
        ([Text(" "), Eos()], ""),
        ([], ""),
    ],
)
def test_spoken_text(script: list[Command], spoken: str) -> None:
    """A forecast has the words that are spoken, apart where a flush parts them."""
    assert spoken == spoken_text(script, "bySentence")


def test_spoken_text_of_tokens() -> None:
    """Parts of words and white space sent one by one make up the words they are."""
    tokens = map(Text, ["un", "believ", "able", " ", "tale"])

    assert "unbelievable tale" == spoken_text([*tokens, Eos()], "immediate")


@given(segment=st.sampled_from(SEGMENTS), script=_SCRIPTS)
def test_spoken_text_holds_all_that_was_sent(
    segment: str, script: list[Command]
) -> None:
    """A forecast of a script without `clear` has every character but white space."""
    sent = "".join(command.text for command in script if isinstance(command, Text))

    assert "".join(sent.split()) == "".join(
        spoken_text([*script, Eos()], segment).split()
    )

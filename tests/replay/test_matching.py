"""Tests of whether the client says what is on record."""

import json
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.recordings import CLEAR, EOS, FLUSH, chunk, done, text
from rimebatch.replay import Match
from rimebatch.replay.matching import ContextIds, Difference, compare
from rimebatch.transcript import Redactor

NO_SURROGATES = st.characters(exclude_categories=["Cs"])
IDS = st.text(NO_SURROGATES, max_size=5)
NAMES = {"contextId", "operation", "type"}  # of which an event has strings
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=8,
)


def is_same(recorded: str, live: str, match: Match = "json") -> bool:
    """Whether *live* is what is on record, to somebody who has heard nothing else."""
    return not compare(recorded, live, match, ContextIds())


def differ(recorded: str, live: str, match: Match = "json") -> list[tuple[str, ...]]:
    """Return path, record and live of each difference."""
    found = compare(recorded, live, match, ContextIds())
    return [(d.path, d.recorded, d.live) for d in found]


@pytest.mark.parametrize(
    ("live", "matches"),
    [
        ('{"text":"One.","n":1}', "exact json shape any"),
        ('{"n": 1, "text": "One."}', "json shape any"),
        ('{"text":"\\u004fne.","n":1}', "json shape any"),
        ('{"text":"One!","n":1}', "shape any"),
        ('{"text":"One.","n":1.0}', "shape any"),
        ('{"text":"One.","n":1e0}', "shape any"),
        ('{"text":"One.","n":NaN}', "shape any"),
        ('{"text":"One.","n":"1"}', "any"),
        ('{"text":"One.","n":true}', "any"),
        ('{"text":"One.","n":null}', "any"),
        ('{"text":"One.","n":[1]}', "any"),
        ('{"text":"One."}', "any"),
        ('{"text":"One.","n":1,"m":1}', "any"),
        ('{"text":"One.","n":1,"n":1}', "any"),
        ('["One.",1]', "any"),
        ("One.", "any"),
        ("", "any"),
    ],
)
def test_how_alike(live: str, matches: str) -> None:
    """Each way of matching takes for the same what it says, and nothing else."""
    recorded = '{"text":"One.","n":1}'
    ways: tuple[Match, ...] = ("exact", "json", "shape", "any")

    assert matches.split() == [way for way in ways if is_same(recorded, live, way)]


@pytest.mark.parametrize(
    "message",
    [
        *("", "One.", "{", '{"a":}', "\ud800", '"\ud800"'),
        '{"text":"One.","text":"Two."}',
        "[" * 100_000,
        "[" * 400 + "]" * 400,
    ],
)
@pytest.mark.parametrize("match", ["exact", "json", "shape", "any"])
def test_what_is_hard_to_compare(message: str, match: Match) -> None:
    """What is no JSON, is ambiguous or nests deeply is the same if it is, as text."""
    assert is_same(message, message, match)
    assert (match == "any") is is_same(message, FLUSH, match)
    assert (match == "any") is is_same(FLUSH, message, match)


@given(JSON)
def test_spelling_and_order_carry_nothing(value: object) -> None:
    """However JSON is spelled, it is the same message; so is each by itself."""
    message, spaced = json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)

    assert is_same(message, spaced)
    assert is_same(message, spaced, "shape")


@given(JSON, JSON)
def test_any_two_can_be_compared(recorded: object, live: object) -> None:
    """Two messages are the same, or differ somewhere and in something."""
    one, two = json.dumps(recorded), json.dumps(live)
    differences = compare(one, two, "json", ContextIds())

    assert is_same(one, two) is (not differences)
    assert all(d.path.startswith("$") and d.recorded != d.live for d in differences)


def test_where_they_differ() -> None:
    """A difference tells the way to it, through objects and lists."""
    recorded = '{"a":[1,{"b":"x"},2],"c":{},"d e":1}'
    live = '{"a":[1,{"b":"y"}],"c":[],"f":2,"d e":3}'

    assert [
        ("$.a", "3 items", "2 items"),
        ("$.a[1].b", '"x"', '"y"'),
        ("$.c", "{}", "[]"),
        ('$["d e"]', "1", "3"),
        ("$.f", "nothing", "2"),
    ] == differ(recorded, live)


def test_a_path_is_one_line() -> None:
    """Whatever a name holds, the way to it can be told in one line."""
    [(path, *_)] = differ('{"\\n\\ud800":1}', "{}")

    assert '$["\\n\\ud800"]' == path


def test_a_long_text_that_differs() -> None:
    """Of a long text the place is shown, and a little before and after it."""
    words = " ".join(map(str, range(200)))

    assert [
        (
            "$.text",
            "…3 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 8…",
            "…3 64 65 66 67 68 69 Seventy 71 72 73 74 75 76 77 78 79 80 81…",
        )
    ] == differ(text(words), text(words.replace(" 70 ", " Seventy ")))


def test_a_long_text_that_goes_on() -> None:
    """Of a text that goes on there is nothing at the place where the other ends."""
    [(_, recorded, live)] = differ(text("x" * 100), text("x" * 100 + "y" * 100))

    assert "…" + "x" * 20 + '"' == recorded
    assert "…" + "x" * 20 + "y" * 40 + "…" == live


def test_a_long_text_where_nothing_was() -> None:
    """Of something new the beginning is shown."""
    [(path, recorded, live)] = differ(FLUSH, FLUSH[:-1] + ',"text":"%s"}' % ("x" * 99))

    assert ("$.text", "nothing") == (path, recorded)
    assert '"' + "x" * 59 + "…" == live


@pytest.mark.parametrize("match", ["json", "shape", "any"])
def test_ids_are_the_client_s_to_choose(match: Match) -> None:
    """A context id may be another, as long as it stays that."""
    ids = ContextIds()

    assert [] == compare(text("One.", "a"), text("One.", "x"), match, ids)
    assert [] == compare(text("Two.", "b"), text("Two.", "y"), match, ids)
    assert [] == compare(text("One.", "a"), text("One.", "x"), match, ids)
    assert chunk("x") == ids.rename(chunk("a"))
    assert done("y") == ids.rename(done("b"))


def test_exact_ids() -> None:
    """Where the text must be the same, the ids must be."""
    assert not is_same(text("One.", "a"), text("One.", "x"), "exact")


@pytest.mark.parametrize(("recorded", "live"), [("a", "y"), ("b", "x")])
@pytest.mark.parametrize("match", ["json", "shape"])
def test_ids_map_one_to_one(recorded: str, live: str, match: Match) -> None:
    """Neither may one recorded id be two live ones, nor two of them one."""
    ids = ContextIds()
    compare(text("One.", "a"), text("One.", "x"), match, ids)
    found = compare(text("Two.", recorded), text("Two.", live), match, ids)

    assert [Difference("$.contextId", f'"{recorded}"', f'"{live}"')] == found


def test_ids_that_are_exchanged() -> None:
    """Two ids may change their places, in both directions."""
    ids = ContextIds()
    compare(text("One.", "a"), text("One.", "b"), "json", ids)
    compare(text("Two.", "b"), text("Two.", "a"), "json", ids)

    assert [chunk("b"), chunk("a")] == [ids.rename(chunk("a")), ids.rename(chunk("b"))]


@pytest.mark.parametrize(
    ("recorded", "live", "expected"),
    [
        ('{"contextId":1}', '{"contextId":1}', []),
        ('{"contextId":1}', '{"contextId":2}', ["$.contextId"]),
        ('{"contextId":null}', '{"contextId":"a"}', ["$.contextId"]),
        ('{"contextId":"a"}', "{}", ["$.contextId"]),
        ('{"in":{"contextId":"a"}}', '{"in":{"contextId":"b"}}', ["$.in.contextId"]),
    ],
)
def test_ids_that_are_none(recorded: str, live: str, expected: list[str]) -> None:
    """What is no string, or stands elsewhere, is compared as anything else."""
    assert expected == [path for path, *_ in differ(recorded, live)]


def test_any_without_ids() -> None:
    """Whatever is said is taken for what is on record, with or without an id."""
    ids = ContextIds()

    assert [] == compare(text("One.", "a"), FLUSH, "any", ids)
    assert [] == compare(FLUSH, text("One.", "a"), "any", ids)
    assert [] == compare("?", "!", "any", ids)
    assert chunk("a") == ids.rename(chunk("a"))


@given(
    head=st.dictionaries(IDS.filter(lambda name: name not in NAMES), JSON),
    recorded=IDS,
    live=IDS,
    spaces=st.tuples(*[st.sampled_from(["", " ", "\n\t"])] * 4),
    dump=st.sampled_from([json.dumps, partial(json.dumps, ensure_ascii=False)]),
)
def test_renaming_changes_nothing_else(
    head: dict[str, object],
    recorded: str,
    live: str,
    spaces: tuple[str, str, str, str],
    dump: Callable[[str], str],
) -> None:
    """An event is played with the live id in place of its own, and not a byte else."""
    ids = ContextIds()
    ids.pair(recorded, live)
    one, two, three, four = spaces
    inner = json.dumps(head)[1:-1] or '"a":1'
    before = f'{{{one}{inner},{two}"contextId"{three}:{four}'
    after = f'{four},{inner},"type":"chunk"}}'
    now = dump(recorded) if recorded == live else json.dumps(live)

    assert f"{before}{now}{after}" == ids.rename(f"{before}{dump(recorded)}{after}")


@pytest.mark.parametrize(
    "message",
    [
        *("", "a", '"a"', "[]", "{}", '{"contextId":null}', '{"contextId":["a"]}'),
        *('{"contextId":"b"}', '{"contextId":"a"'),
        r'{"text":"\"contextId\":\"a\""}',
        '{"in":{"contextId":"a"},"contextId":"b"}',
        r'{"x\"contextId":"a","contextId":"b"}',
    ],
)
def test_what_is_not_renamed(message: str) -> None:
    """What bears no id that stands for another is played as it is."""
    ids = ContextIds()
    ids.pair("a", "x")

    assert message == ids.rename(message)


@pytest.mark.parametrize(
    "message",
    [
        '{"in":{"contextId":"b"},"contextId":%s}',
        '{"text":"contextId","contextId":%s}',
        r'{"x\"contextId":"a","contextId":%s}',
    ],
)
def test_what_only_looks_like_an_id(message: str) -> None:
    """The id itself is replaced, not what looks like it."""
    ids = ContextIds()
    ids.pair("a", "x")

    assert message % '"x"' == ids.rename(message % '"a"')


@pytest.mark.parametrize("match", ["exact", "json", "shape"])
@pytest.mark.parametrize(
    "message",
    [
        text("One.", "a"),
        text("sha256:One"),
        *(FLUSH, CLEAR, EOS, "One.", '["One."]', '{"speech":"One."}'),
    ],
)
def test_hidden_text(message: str, match: Match) -> None:
    """What was hidden when it was recorded matches the text that it hides."""
    recorded = Redactor(text="hash").redact(message)

    assert is_same(recorded, message, match)
    assert is_same(recorded, recorded, match)


def test_another_hidden_text() -> None:
    """Another text is a difference, and neither of the two is shown."""
    recorded = Redactor(text="hash").redact(text("One.", "a"))
    [(path, then, now)] = differ(recorded, text("Two.", "a"))

    assert "$.text" == path
    assert then.startswith('"sha256:')
    assert now.startswith('"sha256:')


@given(st.text(), st.text(), IDS)
def test_any_hidden_text(words: str, others: str, context_id: str) -> None:
    """Hidden texts match exactly if the texts do."""
    recorded = Redactor(text="hash").redact(text_of(words, context_id))

    assert (words == others) is is_same(recorded, text_of(others, context_id))


def text_of(words: str, context_id: str) -> str:
    """Return a command to speak *words*, whatever they are."""
    return json.dumps({"text": words, "contextId": context_id})

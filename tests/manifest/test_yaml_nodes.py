"""Guarded YAML: plain data with positions, and one line for each trap."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rimebatch.manifest.mistakes import START, Flaw, Found, Mistake, Position
from rimebatch.manifest.yaml_nodes import (
    _FORBIDDEN,
    _LOADER,
    NO_VALUE,
    Data,
    Document,
    list_in,
    mapping_in,
    parse_document,
)

FLAW = Flaw("is wrong", "mend it")


def read(content: str) -> Document:
    """Return the document in *content*, which must be a good one."""
    document = parse_document(content)
    assert isinstance(document, Document)
    return document


def test_keys_and_lists_become_plain_data_in_written_order() -> None:
    """Mappings are dicts in written order, sequences lists, block or flow."""
    document = read("b:\n  - x\n  - [y, {k: z}]\na: {d: e, c: f}\n")
    expected = '{"b": ["x", ["y", {"k": "z"}]], "a": {"d": "e", "c": "f"}}'

    assert expected == json.dumps(document.data)


@pytest.mark.parametrize(
    "scalar",
    [
        *("no", "NO", "y", "true", "nulll", "=", "-x", ".inf", ".nan"),
        *("1:30", "12:30:45", "1.10", "017", "0x1F", "1_000", "1e3", "2024-01-02"),
        "9" * 5000,
    ],
)
def test_plain_scalars_stay_what_was_written(scalar: str) -> None:
    """No scalar is taken for a truth value, a number, a time or a date."""
    assert {"k": scalar} == read(f"k: {scalar}\n").data


@pytest.mark.parametrize("key", ["no", "1:30", "=", "017", "null"])
def test_keys_stay_what_was_written(key: str) -> None:
    """Keys are words, however they look."""
    assert {key: "x"} == read(f"{key}: x").data


@pytest.mark.parametrize("scalar", ["", "~", "null", "Null", "NULL"])
def test_absent_values_are_told_from_text(scalar: str) -> None:
    """Nothing, ~ and null are no value, unless they are quoted."""
    assert {"k": NO_VALUE, "l": scalar} == read(f'k: {scalar}\nl: "{scalar}"').data


def test_positions_count_characters_from_one() -> None:
    """Values and keys have the line and column at which an editor shows them."""
    document = read("# über\nk: ü\nlist:\n  - é: [ä, {x: y}]\n")

    assert document.values == {
        (): (2, 1),
        ("k",): (2, 4),
        ("list",): (4, 3),
        ("list", 0): (4, 5),
        ("list", 0, "é"): (4, 8),
        ("list", 0, "é", 0): (4, 9),
        ("list", 0, "é", 1): (4, 12),
        ("list", 0, "é", 1, "x"): (4, 16),
    }
    assert document.keys == {
        ("k",): (2, 1),
        ("list",): (3, 1),
        ("list", 0, "é"): (4, 5),
        ("list", 0, "é", 1, "x"): (4, 13),
    }


def test_absent_value_has_the_position_of_its_key() -> None:
    """What is not there is looked for at its key, or in its list."""
    document = read("a:\n\n\nb:\n  -\n")

    assert Position(1, 1) == document.values["a",]
    assert Position(5, 4) == document.values["b", 0]


def test_locate_finds_the_value() -> None:
    """A flaw of a value is at the value."""
    expected = Mistake(Position(1, 5), ("k",), FLAW)

    assert expected == read("k:  v").locate(Found(("k",), FLAW))


def test_locate_finds_the_key() -> None:
    """A flaw of a key is at the key."""
    expected = Mistake(Position(1, 1), ("k",), FLAW)

    assert expected == read("k:  v").locate(Found(("k",), FLAW, at_key=True))


def test_locate_falls_back_to_what_is_around() -> None:
    """What is missing is at the nearest thing that should hold it."""
    place = ("l", 0, "voice", "speaker")
    expected = Mistake(Position(2, 3), place, FLAW)

    assert expected == read("l:\n- x: y\n").locate(Found(place, FLAW))


def test_duplicate_keys_are_found_at_any_depth_without_stopping() -> None:
    """Each key written twice is a mistake at its second place; the last one counts."""
    document = read("a: 1\na: 2\nb:\n  - {c: 3, c: 4}\n")
    found = [mistake.sentence("f") for mistake in document.duplicates]

    assert document.data == {"a": "2", "b": [{"c": "4"}]}
    assert found == [
        "f:2:1: a: the key is already written at line 1; keep one of the two",
        "f:4:12: b[0].c: the key is already written at line 4; keep one of the two",
    ]


NUL = Flaw(
    "holds the character U+0000, which text cannot contain",
    "remove it, and save the file as UTF-8",
)
ESCAPE = Flaw(
    "holds the character U+001B, which text cannot contain",
    "remove it, and save the file as UTF-8",
)
ALIAS = Flaw(
    "anchors and aliases are not used here",
    "write it out in full, or in quotes if it begins with & or *",
)
MERGE = Flaw(
    "merge keys are not used here",
    "write it out in full, or in quotes if it begins with & or *",
)
TAG = Flaw(
    'tags such as "!x" are not used here', "remove it, or put the value in quotes"
)
OBJECT = Flaw(
    'tags such as "tag:yaml.org,2002:python/object/apply:o…" are not used here',
    "remove it, or put the value in quotes",
)
SECOND = Flaw(
    "a second document begins here", "keep one manifest per file, without ---"
)
KEY = Flaw("a key must be a word", "put the value behind a word")
DEPTH = Flaw(
    "lists or mappings are nested more than 40 deep",
    "check the brackets and the indentation",
)
START_OF_TOKEN = Flaw(
    "cannot be read as YAML: found character that cannot start any token "
    "(while scanning for the next token begun at line 2)",
    "indent with spaces, not tabs, and put a value that begins with a special "
    "character in quotes",
)
COLON = Flaw(
    "cannot be read as YAML: mapping values are not allowed in this context",
    'put a value that holds ": " in quotes',
)
QUOTE = Flaw(
    "cannot be read as YAML: found unexpected end of stream "
    "(while scanning a quoted scalar begun at line 2)",
    "close the quotation mark",
)
BRACKET = Flaw(
    "cannot be read as YAML: did not find expected ',' or ']' "
    "(while parsing a flow sequence begun at line 1)",
    "check the indentation, quotation marks and brackets",
)
BACKSLASH = Flaw(
    "cannot be read as YAML: found unknown escape character "
    "(while parsing a quoted scalar begun at line 1)",
    "put the value in quotes, or write it on one line",
)
NONE = Flaw(
    "expected keys and values at the top, found none",
    'write lines such as "manifest: 1" and "jobs:"',
)
LIST = Flaw(
    "expected keys and values at the top, found a list",
    'write lines such as "manifest: 1" and "jobs:"',
)


@pytest.mark.parametrize(
    ("content", "line", "column", "flaw"),
    [
        ("a: \0", 1, 4, NUL),
        ('a: "\\0"', 1, 4, NUL),
        ("a: x\r\nb: é\x1b", 2, 5, ESCAPE),
        ('a: x\n"\\e": y', 2, 1, ESCAPE),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", 1, 4, ALIAS),
        ("a: *b", 1, 4, ALIAS),
        ("a: &a {b: *a}", 1, 4, ALIAS),
        ("<<: {a: b}", 1, 1, MERGE),
        ("a: !x y", 1, 4, TAG),
        ("a: !x [y]", 1, 4, TAG),
        ("a: !!python/object/apply:os.getcwd []", 1, 4, OBJECT),
        ("a: x\n---\nb: y", 2, 1, SECOND),
        ("? [a]\n: b", 1, 3, KEY),
        ("a: " + "[" * 100_000, 1, 43, DEPTH),
        ("- " * 100_000, 1, 81, DEPTH),
        ("a:\n\t- b", 2, 1, START_OF_TOKEN),
        ("a: b: c", 1, 5, COLON),
        ("a: x\nb: 'y\nc: z", 3, 5, QUOTE),
        ("a: [x", 2, 1, BRACKET),
        ('a: "\\q"', 1, 5, BACKSLASH),
        ("", 1, 1, NONE),
        ("\n# nothing\n---\n", 4, 1, NONE),
        ("Once upon a time", 1, 1, NONE),
        ("- a", 1, 1, LIST),
    ],
)
def test_traps_are_one_mistake(
    content: str, line: int, column: int, flaw: Flaw
) -> None:
    """What is no YAML, or more of YAML than a manifest needs, is one mistake."""
    assert Mistake(Position(line, column), (), flaw) == parse_document(content)


def test_number_of_values_is_limited() -> None:
    """What would fill the memory is refused before it does."""
    what, remedy = "the file holds more than 3 values", "divide it into several"
    flaw = Flaw(what, f"{remedy} manifests")

    assert isinstance(parse_document("a: [x]", max_values=3), Document)
    assert Mistake(Position(1, 8), (), flaw) == parse_document("a: [x, y]", 3)


def test_characters_refused_are_those_that_yaml_refuses() -> None:
    """Every character that is let through can be parsed, and no other can."""
    everything = "".join(map(chr, range(0x110000)))
    refused = set(_FORBIDDEN.findall(everything))
    allowed = _FORBIDDEN.sub("", everything).replace('"', "").replace("\\", "")
    surrogates = set(map(chr, range(0xD800, 0xE000)))  # no text file has them

    assert len(list(yaml.parse(f'"{allowed}"', Loader=_LOADER))) == 5
    assert surrogates < refused
    for char in refused - surrogates:
        with pytest.raises(yaml.YAMLError):
            list(yaml.parse(f'"{char}"', Loader=_LOADER))


@pytest.mark.parametrize("data", [NO_VALUE, "v", ["v"], None])
def test_what_has_no_keys_counts_as_an_empty_mapping(data: "Data | None") -> None:
    """Data of another shape has no keys."""
    expected: dict[str, str] = {}

    assert expected == mapping_in(data)


@pytest.mark.parametrize("data", [NO_VALUE, "v", {"k": "v"}, None])
def test_what_is_no_list_counts_as_an_empty_one(data: "Data | None") -> None:
    """Data of another shape has no entries."""
    expected: list[str] = []

    assert expected == list_in(data)


SOUP = st.text("abc:-?[]{}&*!|>'\"%@#,~<= \n\t\\0é\ufeff\u2028", max_size=60)


@given(st.text() | SOUP | SOUP.map("a: ".__add__))
def test_any_text_is_a_document_or_a_mistake(content: str) -> None:
    """No text raises; a mistake lies in the text."""
    result = parse_document(content)

    if isinstance(result, Mistake):
        assert result.position >= START
        assert result.position.line <= len((content + "\n").splitlines()) + 1


LEAVES = st.text("abc 01:-#'\"é☃\n")


@given(
    st.dictionaries(
        LEAVES.filter(lambda key: key != "<<"),
        st.recursive(
            LEAVES,
            lambda inner: st.lists(inner) | st.dictionaries(LEAVES, inner),
            max_leaves=10,
        ),
    )
)
@settings(max_examples=50)
def test_json_is_read_back_as_it_was_written(data: dict[str, object]) -> None:
    """JSON is YAML: whatever is written as JSON comes back unchanged."""
    assert data == read(json.dumps(data, ensure_ascii=False)).data

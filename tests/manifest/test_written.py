"""How written values become typed: plainly, or not at all."""

from typing import Annotated, Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
)

from rimebatch.manifest.mistakes import Flaw, Place
from rimebatch.manifest.written import (
    FLAW,
    REAL,
    TRUTH,
    WHOLE,
    Line,
    Written,
    find_repeat_flaw,
    or_one,
    reads,
    require,
    show_or_one,
)

Name: TypeAlias = Literal["a", "b"]


def find_shouting(text: str) -> Flaw | None:
    """Return what is wrong with capitals."""
    return Flaw("shouts", "speak softly") if text.isupper() else None


def read_half(text: str) -> float | Flaw:
    """Return half of the digit that *text* is."""
    return int(text) / 2 if text.isdigit() else Flaw("is none", "write a digit")


class WrittenSample(Written):  # type: ignore[explicit-any]  # pydantic has it
    """One value of each kind."""

    whole: Annotated[int, WHOLE] = 0
    real: Annotated[float, REAL] = 0.0
    truth: Annotated[bool, TRUTH] = False
    line: Line = "x"
    names: Annotated[
        list[Name],
        BeforeValidator(or_one(TypeAdapter(Name))),
        AfterValidator(require(find_repeat_flaw)),
        Field(min_length=1, json_schema_extra=show_or_one),
    ] = Field(default=["a"])
    half: Annotated[float, PlainValidator(reads(read_half))] = 0.5
    soft: Annotated[str, AfterValidator(require(find_shouting))] = "x"


def read(**written: object) -> WrittenSample:
    """Return the values of what is *written*."""
    return WrittenSample.model_validate(written)


@pytest.mark.parametrize(
    "written",
    [
        "017",
        "1_000",
        "1e3",
        "4.0",
        "+4",
        "0x10",
        "1:30",
        "",
        " 4",
        "4\n",
        "٤",
        "9" * 16,
        ["4"],
    ],
)
def test_whole_numbers_are_plain_digits(written: object) -> None:
    """What another YAML reader might take for another number is none."""
    with pytest.raises(ValidationError):
        read(whole=written)


@pytest.mark.parametrize(
    "written",
    [
        "1e3",
        ".5",
        "5.",
        "1,5",
        "nan",
        ".inf",
        "1_0.0",
        "01.5",
        "9" * 5000,
        "0." + "9" * 16,
        ["4"],
    ],
)
def test_numbers_are_plain_decimals(written: object) -> None:
    """What could be infinite, lose digits or be read in two ways is no number."""
    with pytest.raises(ValidationError):
        read(real=written)


@pytest.mark.parametrize("written", ["yes", "True", "on", "1", "", " true", ["true"]])
def test_truths_are_true_and_false(written: object) -> None:
    """What another YAML reader might take for a truth value is none."""
    with pytest.raises(ValidationError):
        read(truth=written)


def test_values_are_typed() -> None:
    """What is plainly written becomes what it says."""
    sample = read(whole="-7", real="0.25", truth="true", line="a b", soft="a")

    assert (-7, 0.25, True) == (sample.whole, sample.real, sample.truth)
    assert ("a b", "a") == (sample.line, sample.soft)
    assert read(truth="false").truth is False


@pytest.mark.parametrize("written", ["", " a", "a ", "a\n", "a\nb"])
def test_lines_are_bare(written: str) -> None:
    """A line is not empty, and has no white space around it."""
    with pytest.raises(ValidationError):
        read(line=written)


def test_a_flaw_comes_through() -> None:
    """A check of our own keeps both halves of its sentence."""
    with pytest.raises(ValidationError) as caught:
        read(soft="A")
    [detail] = caught.value.errors()

    assert FLAW == detail["type"]
    assert {"what": "shouts", "remedy": "speak softly"} == detail["ctx"]


@pytest.mark.parametrize(
    ("written", "expected"), [("b", ["b"]), (["b"], ["b"]), (["b", "a"], ["b", "a"])]
)
def test_one_name_stands_for_a_list(written: object, expected: list[str]) -> None:
    """A name without a list is a list of it."""
    assert expected == read(names=written).names


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("c", ("names",)),
        (["a", "c"], ("names", 1)),
        ([], ("names",)),
        (["a", "b", "a"], ("names",)),
        ({"a": "b"}, ("names",)),
    ],
)
def test_wrong_names_are_where_they_stand(written: object, place: Place) -> None:
    """A mistake is of an entry where there are entries, and else of the key."""
    with pytest.raises(ValidationError) as caught:
        read(names=written)

    assert [place] == [detail["loc"] for detail in caught.value.errors()]


def test_schema_has_one_name_or_a_list() -> None:
    """An editor offers the names for both ways of writing them."""
    described = WrittenSample.model_json_schema()["properties"]["names"]
    name = {"enum": ["a", "b"], "type": "string"}
    names = {"type": "array", "items": name, "minItems": 1, "uniqueItems": True}

    assert [name, names] == described["oneOf"]
    assert {"oneOf", "default", "title"} == described.keys()


def test_a_text_is_read() -> None:
    """A text becomes what it states."""
    assert 3.5 == read(half="7").half


@pytest.mark.parametrize(
    ("written", "kind"), [("x", FLAW), (["7"], "string_type"), (7, "string_type")]
)
def test_what_cannot_be_read(written: object, kind: str) -> None:
    """A text that states nothing has a flaw, and another type is none."""
    with pytest.raises(ValidationError) as caught:
        read(half=written)

    assert [kind] == [detail["type"] for detail in caught.value.errors()]


def test_unknown_keys_are_refused() -> None:
    """Nothing that is written is passed over."""
    with pytest.raises(ValidationError):
        read(other="x")


@given(st.text())
def test_whole_numbers_read_back_as_they_were_written(written: str) -> None:
    """Whatever is accepted as a whole number says the same when printed."""
    try:
        sample = read(whole=written)
    except ValidationError:
        return

    assert written in (str(sample.whole), f"-{sample.whole}")

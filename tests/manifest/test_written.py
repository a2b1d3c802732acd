"""How written values become typed: plainly, or not at all."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, ValidationError

from rimebatch.manifest.mistakes import Flaw
from rimebatch.manifest.written import (
    FLAW,
    REAL,
    TRUTH,
    WHOLE,
    Line,
    Written,
    require,
)


def find_shouting(text: str) -> Flaw | None:
    """Return what is wrong with capitals."""
    return Flaw("shouts", "speak softly") if text.isupper() else None


class WrittenSample(Written):  # type: ignore[explicit-any]  # pydantic has it
    """One value of each kind."""

    whole: Annotated[int, WHOLE] = 0
    real: Annotated[float, REAL] = 0.0
    truth: Annotated[bool, TRUTH] = False
    line: Line = "x"
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

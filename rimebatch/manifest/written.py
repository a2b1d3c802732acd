"""What the models of a manifest have in common: how written values become typed.

Values arrive as the text that was written (see ``yaml_nodes``) and are converted here
by their declared type. Knows nothing about files, positions or YAML.
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError, PydanticKnownError

from rimebatch.manifest.mistakes import Flaw, quote

FLAW = "flaw"
"""The type of a pydantic error that carries a :class:`Flaw` in its context."""

# 15 digits are exact in every number type and far beyond every range. Leading zeros,
# underscores, exponents and colons mean different things to different YAMLs.
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
# As the wire has them. The yes, No and ON of other YAMLs are words.
_TRUTHS = {"true": True, "false": False}

_OF_LISTS = frozenset({"type", "items", "minItems"})  # what a JSON Schema says of one

_T = TypeVar("_T")


def require(find_flaw: Callable[[_T], Flaw | None]) -> Callable[[_T], _T]:
    """Return a validator that lets a value pass unless *find_flaw* finds one."""

    def check(value: _T) -> _T:
        if flaw := find_flaw(value):
            raise _refuse(flaw)
        return value

    return check


def reads(read: Callable[[str], _T | Flaw]) -> Callable[[object], _T]:
    """Return a validator that makes a value of a text as *read* does."""

    def convert(written: object) -> _T:
        if not isinstance(written, str):
            raise PydanticKnownError("string_type")
        if isinstance(value := read(written), Flaw):
            raise _refuse(value)
        return value

    return convert


def or_one(entry: TypeAdapter[_T]) -> Callable[[object], object]:
    """Return a validator that makes a list of an *entry* that stands alone."""

    def wrap(written: object) -> object:
        # Checked here already: a mistake in it is one of the key, not of an entry.
        if isinstance(written, str):
            return [entry.validate_python(written)]
        return written

    return wrap


def show_or_one(described: JsonDict) -> None:
    """Say in the schema of a list that one entry may stand there without a list."""
    listed: JsonDict = {"uniqueItems": True}
    listed |= {key: described.pop(key) for key in _OF_LISTS & described.keys()}
    described["oneOf"] = [listed["items"], listed]


def find_repeat_flaw(names: Sequence[str]) -> Flaw | None:
    """Return why *names* are no set of names, or ``None``."""
    for index, name in enumerate(names):
        if name in names[:index]:
            return Flaw(f"{quote(name)} is there twice", "remove one of them")
    return None


def _refuse(flaw: Flaw) -> PydanticCustomError:
    context = {"what": flaw.what, "remedy": flaw.remedy}
    return PydanticCustomError(FLAW, "{what}; {remedy}", context)


def _read_whole_number(written: object) -> object:
    if isinstance(written, str) and _WHOLE_NUMBER.fullmatch(written):
        return int(written)
    return written


def _read_number(written: object) -> object:
    if isinstance(written, str) and _NUMBER.fullmatch(written):
        return float(written)
    return written


def _read_truth(written: object) -> object:
    return _TRUTHS.get(written, written) if isinstance(written, str) else written


WHOLE = BeforeValidator(_read_whole_number)
"""Makes a whole number of its digits; goes into ``Annotated[int, ...]``."""

REAL = BeforeValidator(_read_number)
"""Makes a number of a plain decimal; goes into ``Annotated[float, ...]``."""

TRUTH = BeforeValidator(_read_truth)
"""Makes a truth value of ``true`` or ``false``; goes into ``Annotated[bool, ...]``."""

Line: TypeAlias = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]
"""One line. White space around it would be part of a name, and make it another one."""


Share: TypeAlias = Annotated[float, Field(ge=0, le=1), REAL]
"""A part of a whole that is 1."""


class Written(BaseModel):  # type: ignore[explicit-any]  # pydantic has it
    """Keys and values by a person: nothing unknown, nothing converted by guessing."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        model_title_generator=lambda model: model.__name__.removeprefix("Written"),
    )

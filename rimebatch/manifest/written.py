"""What the models of a manifest have in common: how written values become typed.

Values arrive as the text that was written (see ``yaml_nodes``) and are converted here
by their declared type. Knows nothing about files, positions or YAML.
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from rimebatch.manifest.mistakes import Flaw

FLAW = "flaw"
"""The type of a pydantic error that carries a :class:`Flaw` in its context."""

# 15 digits are exact in every number type and far beyond every range. Leading zeros,
# underscores, exponents and colons mean different things to different YAMLs.
_WHOLE_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
# As the wire has them. The yes, No and ON of other YAMLs are words.
_TRUTHS = {"true": True, "false": False}

_T = TypeVar("_T")


def require(find_flaw: Callable[[_T], Flaw | None]) -> Callable[[_T], _T]:
    """Return a validator that lets a value pass unless *find_flaw* finds one."""

    def check(value: _T) -> _T:
        if flaw := find_flaw(value):
            context = {"what": flaw.what, "remedy": flaw.remedy}
            raise PydanticCustomError(FLAW, "{what}; {remedy}", context)
        return value

    return check


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


class Written(BaseModel):  # type: ignore[explicit-any]  # pydantic has it
    """Keys and values by a person: nothing unknown, nothing converted by guessing."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        model_title_generator=lambda model: model.__name__.removeprefix("Written"),
    )

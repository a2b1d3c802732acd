"""The structure of a manifest: data in, typed values or every flaw of them out.

pydantic finds the flaws of all keys at once; this module words them. What concerns
several keys together is in ``rules``. Knows nothing about files and positions.
"""

import re
from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rimebatch.manifest.mistakes import Flaw, Found, Place, quote, suggest
from rimebatch.manifest.model import (
    WrittenBudget,
    WrittenChecks,
    WrittenJob,
    WrittenLength,
    WrittenManifest,
    WrittenMessage,
    WrittenTranscript,
)
from rimebatch.manifest.output_model import (
    WrittenLoudness,
    WrittenMp3,
    WrittenOgg,
    WrittenOpus,
    WrittenOutput,
    WrittenPauses,
    WrittenTags,
    WrittenTrim,
)
from rimebatch.manifest.parameters import FACTS, WrittenVoice
from rimebatch.manifest.written import FLAW
from rimebatch.manifest.yaml_nodes import NO_VALUE, Data

# What is wrong and what would help, by the type of pydantic's error; in braces stand
# what was found and the numbers and names that pydantic gives with each type.
_SENTENCES = {
    FLAW: ("{what}", "{remedy}"),
    "string_type": ("expected text, found {found}", "put the text behind the key"),
    "int_type": ("expected a whole number, found {found}", "write digits, such as 4"),
    "bool_type": ("expected true or false, found {found}", "write one of the two"),
    "float_type": ("expected a number, found {found}", "write digits, such as 0.5"),
    "dict_type": (
        "expected keys and values, found {found}",
        'write it as "key: value"',
    ),
    "list_type": ("expected a list, found {found}", "begin each entry with a dash"),
    "model_type": (
        "expected keys and values, found {found}",
        'write it as "key: value"',
    ),
    "greater_than": ("{found} is too small", "write more than {gt:g}"),
    "greater_than_equal": ("{found} is too small", "write at least {ge:g}"),
    "less_than_equal": ("{found} is too large", "write at most {le:g}"),
    "too_short": ("the list is empty", "add at least one entry"),
    "string_too_long": ("is too long", "write at most {max_length} characters"),
    "string_pattern_mismatch": (
        "is empty, of several lines, or has white space around it",
        "write the bare text on one line",
    ),
}

# Which model has the keys behind a key, or in the entries of its list.
_MODELS: Mapping[str, type[BaseModel]] = {
    "": WrittenManifest,
    "voice": WrittenVoice,
    "output": WrittenOutput,
    "mp3": WrittenMp3,
    "ogg": WrittenOgg,
    "opus": WrittenOpus,
    "loudness": WrittenLoudness,
    "tags": WrittenTags,
    "pauses": WrittenPauses,
    "trim": WrittenTrim,
    "transcript": WrittenTranscript,
    "budget": WrittenBudget,
    "checks": WrittenChecks,
    "length": WrittenLength,
    "jobs": WrittenJob,
    "messages": WrittenMessage,
}


def check_structure(data: Mapping[str, Data]) -> WrittenManifest | list[Found]:
    """Return *data* with every value in its declared type, or all that is wrong."""
    try:
        return WrittenManifest.model_validate(data)
    except ValidationError as error:
        return [_make_found(detail) for detail in error.errors(include_url=False)]


def _make_found(error: ErrorDetails) -> Found:
    place = error["loc"]
    match error["type"]:
        case "extra_forbidden":
            return Found(place, _make_unknown_flaw(place), at_key=True)
        case "missing":
            description = _model_at(place).model_fields[str(place[-1])].description
            return Found(place, Flaw("is missing", f"add it. {description}"))
        case _ if error["input"] is NO_VALUE:
            remedy = "write one (a word like null needs quotes)"
            return Found(place, Flaw("has no value", remedy))
        case "literal_error":
            return Found(place, _make_choice_flaw(error))
        case kind:
            terms = {**error.get("ctx", {}), "found": _describe(error["input"])}
            what, remedy = _SENTENCES[kind]
            return Found(place, Flaw(what.format(**terms), remedy.format(**terms)))


def _make_unknown_flaw(place: Place) -> Flaw:
    model, key = _model_at(place), str(place[-1])
    # Not for an output: its format and sampling_rate cost nothing, the voice's do.
    if model not in (WrittenVoice, WrittenOutput) and key in FACTS:
        return Flaw("unknown key", "write it under voice")
    known = "known are " + ", ".join(model.model_fields)
    remedy = suggest(key, model.model_fields, known)
    if model is WrittenVoice:
        remedy += " (parameters that RimeBatch does not know go under extra)"
    return Flaw("unknown key", remedy)


def _make_choice_flaw(error: ErrorDetails) -> Flaw:
    expected, found = error["ctx"]["expected"], _describe(error["input"])
    choices = re.findall(r"'([^']*)'", expected)
    remedy = suggest(str(error["input"]), choices, "write it exactly so")
    return Flaw(f"expected {expected}, found {found}", remedy)


def _model_at(place: Place) -> type[BaseModel]:
    """Return the model that the last key of *place* belongs to."""
    keys = [step for step in place[:-1] if isinstance(step, str)]
    return _MODELS[keys[-1] if keys else ""]


def _describe(written: object) -> str:
    match written:
        case str():
            return quote(written)
        case list():
            return "a list"
        case dict():
            return "keys and values"
        case number:
            return str(number).removesuffix(".0")

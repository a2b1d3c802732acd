"""The voices that the service had on one day, and whether a manifest names one of them.

Pure: where a copy of the service's catalogue comes from, and what day it is, only the
command line knows. RimeBatch ships none.

The shapes are those of two public files of the service (docs@Aug, voices page):
``all-v2.json`` is ``{modelId: {lang: [speaker]}}``, and ``voice_details.json`` a list
of records about speakers. The fields of a record have changed before and will again;
whatever they are, they are kept.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec

from rimebatch.errors import CatalogueError
from rimebatch.manifest.job_voice import JobVoice
from rimebatch.manifest.languages import find_language
from rimebatch.manifest.mistakes import Flaw, Found, make_printable, quote, suggest
from rimebatch.manifest.parameters import find_model

ALL_V2: Final = "all-v2.json"
VOICE_DETAILS: Final = "voice_details.json"

# RecursionError: brackets upon brackets, which no catalogue has.
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_Shape = TypeVar("_Shape")
_Record: TypeAlias = dict[str, object]
_Merged: TypeAlias = Mapping[str, Mapping[str, AbstractSet[str]]]


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of the service's catalogue.

    Attributes:
        rimebatch_voices: The version of the copy's format.
        date: When it was made, such as ``2026-09-10T12:00:00Z``.
        speakers: ``all-v2.json`` as it was.
        details: ``voice_details.json`` as it was.
    """

    rimebatch_voices: Literal[1] = 1
    date: str
    speakers: dict[str, dict[str, list[str]]]
    details: list[_Record]

    @property
    def day(self) -> str:
        """The day of the copy, such as ``2026-09-10``."""
        return self.date.partition("T")[0]


@dataclass(frozen=True, slots=True)
class ListedVoice:
    """One voice of a catalogue.

    Attributes:
        model: By its usual id.
        lang: By Rime's own code.
        speaker: The name to ask for.
        details: What else the service tells of it, by its own names.
    """

    model: str
    lang: str
    speaker: str
    details: Mapping[str, object]


def make_catalogue(date: str, all_v2: bytes, voice_details: bytes) -> Catalogue:
    """Return the catalogue in the two files of the service.

    Raises:
        CatalogueError: One of them does not have its shape, or names no voice.
    """
    speakers = _decode(ALL_V2, all_v2, dict[str, dict[str, list[str]]])
    details = _decode(VOICE_DETAILS, voice_details, list[_Record])
    catalogue = Catalogue(date=date, speakers=speakers, details=details)
    if not any(map(any, (names.values() for names in speakers.values()))):
        raise _make_shape_error(ALL_V2, "it names no voice")
    if not any(isinstance(record.get("speaker"), str) for record in details):
        raise _make_shape_error(VOICE_DETAILS, "it names no speaker")
    return catalogue


def encode_catalogue(catalogue: Catalogue) -> bytes:
    """Return *catalogue* as a file to keep."""
    return msgspec.json.encode(catalogue)


def decode_catalogue(name: str, content: bytes) -> Catalogue:
    """Return the catalogue in a file called *name* that was kept.

    Raises:
        CatalogueError: It is not one, or another version of RimeBatch wrote it.
    """
    try:
        return msgspec.json.decode(content, type=Catalogue)
    except _UNREADABLE as error:
        what = f"{name}: not a copy of the catalogue ({error})"
        remedy = "make a new one: rimebatch voices --update"
        raise CatalogueError(f"{what}; {remedy}") from error


def list_voices(catalogue: Catalogue) -> list[ListedVoice]:
    """Return every voice of *catalogue* once, by model, language and speaker."""
    details = {_key_of(record): record for record in catalogue.details}
    return [
        ListedVoice(*key, details.get(key, {}))
        for model, languages in sorted(_merge(catalogue).items())
        for lang, speakers in sorted(languages.items())
        for key in ((model, lang, speaker) for speaker in sorted(speakers))
    ]


def find_strangers(catalogue: Catalogue, voices: Iterable[JobVoice]) -> list[Found]:
    """Return what *catalogue* does not have of the voices of jobs, each thing once.

    Args:
        catalogue: What the service had.
        voices: One without a model or a speaker is passed over.
    """
    # Many jobs share a voice, and looking for what is near it takes its time.
    judge = cache(partial(_judge, catalogue.day, _merge(catalogue)))
    found: dict[Found, None] = {}
    for voice in voices:
        if voice.model_id and (speaker := voice.written.get("speaker")):
            name, flaw = judge(voice.model_id, voice.lang, speaker)
            if flaw is not None:
                found[Found(voice.place_of(name), flaw)] = None
    return list(found)


def _judge(
    day: str, known: _Merged, model_id: str, lang: str, speaker: str
) -> tuple[str, Flaw | None]:
    """Return which parameter of a voice is at fault, and why, if any is."""
    languages = known.get(find_model(model_id))
    if languages is None:
        what = f"the catalogue of {day} has no model {quote(model_id)}"
        hint = suggest(model_id, known, f"it has {', '.join(sorted(known))}")
        return "modelId", _make_flaw(what, hint)
    speakers = languages.get(find_language(lang))
    if speakers is None:
        what = f"{model_id} does not speak {quote(lang)}, by the catalogue of {day}"
        hint = suggest(lang, languages, f"it speaks {', '.join(sorted(languages))}")
        return "lang", _make_flaw(what, hint)
    if speaker in speakers:
        return "speaker", None
    what = f"{model_id} has no {quote(speaker)} for {lang}, by the catalogue of {day}"
    hint = _find_speaker(known, find_model(model_id), find_language(lang), speaker)
    return "speaker", _make_flaw(what, hint)


def _find_speaker(known: _Merged, model: str, lang: str, speaker: str) -> str:
    """Return where *speaker* is to be found instead of under *model* and *lang*."""
    languages = [code for code, names in known[model].items() if speaker in names]
    if languages:
        return f"it speaks {', '.join(sorted(languages))}"
    models = [
        other
        for other, spoken in known.items()
        if any(speaker in names for names in spoken.values())
    ]
    if models:
        return f"it is a voice of {', '.join(sorted(models))}"
    listing = f"see rimebatch voices --model {model} --lang {lang}"
    return suggest(speaker, known[model][lang], listing)


def _make_flaw(what: str, hint: str) -> Flaw:
    override = "--allow-unknown-voice lets a cloned or a new voice pass"
    # What came from the web stands in both.
    return Flaw(make_printable(what), f"{make_printable(hint)} ({override})")


def _merge(catalogue: Catalogue) -> _Merged:
    """Return the speakers by the usual ids of models and Rime's codes of languages."""
    merged: dict[str, dict[str, set[str]]] = {}
    for model_id, languages in catalogue.speakers.items():
        model = merged.setdefault(find_model(model_id), {})
        for lang, speakers in languages.items():
            model.setdefault(find_language(lang), set()).update(speakers)
    return merged


def _key_of(record: _Record) -> tuple[str, str, str]:
    names = (str(record.get(name, "")) for name in ("modelId", "lang", "speaker"))
    model_id, lang, speaker = names
    return find_model(model_id), find_language(lang), speaker


def _decode(name: str, content: bytes, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(content, type=shape)
    except _UNREADABLE as error:
        raise _make_shape_error(name, str(error)) from error


def _make_shape_error(name: str, why: str) -> CatalogueError:
    what = f"{name}: not a catalogue of voices as RimeBatch knows it ({why})"
    return CatalogueError(f"{what}; see whether there is a newer RimeBatch")

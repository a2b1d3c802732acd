"""What a manifest may say, and probably does not mean: its warnings.

Nothing here is wrong by the rules; the service would take it without a word and do
something else. Every caution is a fact of ``parameters``, ``languages`` or ``markup``.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from rimebatch.manifest.job_voice import JobVoice
from rimebatch.manifest.languages import TIMED_LANGUAGES, find_language
from rimebatch.manifest.markup import find_markup_flaws
from rimebatch.manifest.mistakes import Flaw, Found, Place, quote
from rimebatch.manifest.parameters import FACTS, FASTER_BELOW_1, MODELS
from rimebatch.manifest.yaml_nodes import Data, list_in, mapping_in

_Texts: TypeAlias = Mapping[int, str]


def find_cautions(
    data: Mapping[str, Data], voices: Mapping[int, JobVoice], texts: _Texts
) -> list[Found]:
    """Return what would not have the effect it seems to have, each thing once.

    Args:
        data: The manifest as it was written.
        voices: The voice of each job by its index.
        texts: The texts that stand in files, by the job's index.
    """
    found = [*_check_speeds(voices.values())]
    for index, voice in voices.items():
        found += _check_parameters(voice)
        found += _check_lang(voice)
        job = mapping_in(list_in(data["jobs"])[index])
        for place, text, prefix in _find_texts(("jobs", index), job, texts.get(index)):
            found += _check_markup(place, text, prefix, voice)
    # A voice is shared by many jobs.
    return list(dict.fromkeys(found))


def _check_parameters(voice: JobVoice) -> Iterator[Found]:
    if voice.model not in MODELS:  # of which nothing is known
        return
    for name in filter(FACTS.__contains__, voice.written):
        heeding = [model for model in MODELS if model in FACTS[name].heeded_by]
        if voice.model not in heeding:
            what = f"{voice.model_id} ignores it as far as is known"
            remedy = f"remove it; it is for {', '.join(heeding)}"
            yield Found(voice.places[name], Flaw(what, remedy), at_key=True)


def _check_speeds(voices: Iterable[JobVoice]) -> Iterator[Found]:
    """One ``speedAlpha`` for models of both directions speeds up some, slows others."""
    inverted: dict[Place, set[bool]] = {}
    for voice in voices:
        if "speedAlpha" in voice.written and voice.model in MODELS:
            directions = inverted.setdefault(voice.places["speedAlpha"], set())
            directions.add(voice.model in FASTER_BELOW_1)
    for place, directions in inverted.items():
        if len(directions) > 1:
            what = "below 1 is faster for mistv2 and mist, and slower for other models"
            remedy = "give it in each job that needs it"
            yield Found(place, Flaw(what, remedy), at_key=True)


def _check_lang(voice: JobVoice) -> Iterator[Found]:
    if find_language(voice.lang) not in TIMED_LANGUAGES:
        what = f"the service gives no word times for {quote(voice.lang)}"
        remedy = f"only {' and '.join(TIMED_LANGUAGES)} have them; do without"
        yield Found(voice.place_of("lang"), Flaw(what, remedy))


def _find_texts(
    place: Place, job: Mapping[str, Data], from_file: str | None
) -> Iterator[tuple[Place, str, str]]:
    """Yield place and text of all that *job* says, and what to call it if a file."""
    if from_file is not None:
        yield (*place, "text_file"), from_file, f"{quote(str(job['text_file']))} "
    elif isinstance(text := job.get("text"), str):
        yield (*place, "text"), text, ""
    for index, message in enumerate(map(mapping_in, list_in(job.get("messages")))):
        if isinstance(text := message.get("text"), str):
            yield (*place, "messages", index, "text"), text, ""


def _check_markup(
    place: Place, text: str, prefix: str, voice: JobVoice
) -> Iterator[Found]:
    for flaw in find_markup_flaws(text, voice):
        yield Found(place, Flaw(f"{prefix}{flaw.what}", flaw.remedy))

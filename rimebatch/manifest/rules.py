"""Rules between the keys of a manifest; those of a single key are in ``model``.

They look at the data as it was written and pass over what has the wrong shape, so
that they apply in full however many flaws ``structure`` finds in the same manifest.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from rimebatch.manifest.encoding import MP3_RATES_HZ
from rimebatch.manifest.endpoint import find_endpoint_flaw
from rimebatch.manifest.job_voice import JobVoice, find_voices
from rimebatch.manifest.mistakes import Flaw, Found, Place, quote
from rimebatch.manifest.model import find_text_flaw
from rimebatch.manifest.names import find_name_flaw, make_collision_key
from rimebatch.manifest.output_rules import check_output
from rimebatch.manifest.parameters import CLOUD_RATES_HZ, FACTS
from rimebatch.manifest.yaml_nodes import Data, Document, list_in, mapping_in

_Keys: TypeAlias = Mapping[str, Data]
_Numbered: TypeAlias = Mapping[int, _Keys]

_CONTENTS = ("text", "text_file", "messages")

_CLOUD_RATES = tuple(map(str, CLOUD_RATES_HZ))  # a number is still text here
_MP3_RATES = tuple(map(str, MP3_RATES_HZ))

_DIVIDED = Flaw(
    "RimeBatch divides a job's text itself and flushes every segment",
    "remove it, or set it only in jobs with messages",
)


def check_rules(
    document: Document, default_name: str, endpoint: str | None = None
) -> Iterator[Found]:
    """Yield what breaks a rule between keys.

    Args:
        document: The manifest as it was written.
        default_name: Its name if it does not give one.
        endpoint: Where it will be sent, in place of its own endpoint.
    """
    data = document.data
    jobs = _number_mappings(list_in(data.get("jobs")))
    yield from _check_name(data, default_name)
    yield from _check_endpoint(data)
    places = _number_voices(data, jobs)
    if (endpoint or data.get("endpoint", "cloud")) == "cloud":
        yield from _check_rates(places)
    yield from _check_extra(places)
    yield from _check_needed(data, jobs)
    voices = find_voices(data)
    yield from _check_mp3_rates(voices)
    yield from check_output(data, voices)
    yield from _check_segments(voices, jobs)
    yield from _check_ids(document, jobs)
    for index, job in jobs.items():
        yield from _check_contents(("jobs", index), job)
        messages = list_in(job.get("messages"))
        yield from _check_script(("jobs", index, "messages"), messages)


def _number_mappings(items: Sequence[Data]) -> _Numbered:
    """Return what has keys and values in a list, by its index there."""
    return {i: item for i, item in enumerate(items) if isinstance(item, dict)}


def _check_name(data: _Keys, default_name: str) -> Iterator[Found]:
    if "name" not in data and (flaw := find_name_flaw(default_name)):
        what = f"is missing, and the file's own {flaw.what}"
        yield Found(("name",), Flaw(what, "add a name, or rename the file"))


def _check_endpoint(data: _Keys) -> Iterator[Found]:
    endpoint = data.get("endpoint")
    listed = list_in(data.get("plain_ws_hosts"))
    hosts = [host for host in listed if isinstance(host, str)]
    if isinstance(endpoint, str) and (flaw := find_endpoint_flaw(endpoint, hosts)):
        yield Found(("endpoint",), flaw)


def _number_voices(data: _Keys, jobs: _Numbered) -> dict[Place, _Keys]:
    """Return every voice that is written, the manifest's and those of jobs."""
    voices: dict[Place, _Keys] = {("voice",): mapping_in(data.get("voice"))}
    for index, job in jobs.items():
        voices["jobs", index, "voice"] = mapping_in(job.get("voice"))
    return voices


def _check_rates(voices: Mapping[Place, _Keys]) -> Iterator[Found]:
    for place, voice in voices.items():
        rate = voice.get("samplingRate")
        if isinstance(rate, str) and rate not in _CLOUD_RATES:
            what = f"the cloud has no sampling rate {quote(rate)}"
            remedy = f"use one of {', '.join(_CLOUD_RATES)}"
            yield Found((*place, "samplingRate"), Flaw(what, remedy))


def _check_mp3_rates(voices: Mapping[int, JobVoice]) -> Iterator[Found]:
    """A service asked for what MP3 lacks would answer, bill, and not be rendered."""
    flaws = {
        voice.place_of("samplingRate"): Flaw(
            f"MP3 has no sampling rate {quote(rate)}",
            f"use one of {', '.join(_MP3_RATES)}, or another audioFormat",
        )
        for voice in voices.values()
        for rate in [voice.written.get("samplingRate", "24000")]
        if voice.written.get("audioFormat") == "mp3" and rate not in _MP3_RATES
    }
    yield from (Found(place, flaw) for place, flaw in flaws.items())


def _check_extra(voices: Mapping[Place, _Keys]) -> Iterator[Found]:
    """What is known is checked and sent once, so it does not go under ``extra``."""
    for place, voice in voices.items():
        for name in mapping_in(voice.get("extra")):
            where = (*place, "extra", name)
            if name in FACTS:
                flaw = Flaw(
                    "is a parameter that RimeBatch knows",
                    "write it directly under voice",
                )
                yield Found(where, flaw, at_key=True)
            elif not name or name != name.strip():
                flaw = Flaw("is no name of a parameter", "write the service's own name")
                yield Found(where, flaw, at_key=True)


def _check_needed(data: _Keys, jobs: _Numbered) -> Iterator[Found]:
    """Every job needs a speaker and a model, its own or the manifest's."""
    for key in ("speaker", "modelId"):
        lacking = [index for index, job in jobs.items() if _lacks(job, key)]
        if not _lacks(data, key) or not lacking:
            continue
        remedy = "add it, or the service answers with another one and bills for it"
        flaw = Flaw("is missing", remedy)
        if len(lacking) == len(jobs):
            yield Found(("voice", key), flaw)
        else:
            yield from (Found(("jobs", i, "voice", key), flaw) for i in lacking)


def _lacks(owner: _Keys, key: str) -> bool:
    voice = owner.get("voice", {})
    return isinstance(voice, dict) and key not in voice


def _check_segments(voices: Mapping[int, JobVoice], jobs: _Numbered) -> Iterator[Found]:
    found = (
        flawed
        for index, job in jobs.items()
        for flawed in _check_segment(voices[index], is_script="messages" in job)
    )
    yield from dict.fromkeys(found)  # many jobs inherit the same


def _check_segment(voice: JobVoice, *, is_script: bool) -> Iterator[Found]:
    """Jobs with a text have no choice of ``segment``, and scripts choose once."""
    segment = voice.written.get("segment")
    immediate = voice.written.get("immediate") == "true"
    if is_script:
        if immediate and segment not in (None, "immediate"):
            what = f"means segment: immediate, and segment is {segment}"
            flaw = Flaw(what, "keep one of the two")
            yield Found(voice.places["immediate"], flaw)
        return
    if segment not in (None, "never"):
        yield Found(voice.places["segment"], _DIVIDED)
    if immediate:
        yield Found(voice.places["immediate"], _DIVIDED)


def _check_ids(document: Document, jobs: _Numbered) -> Iterator[Found]:
    first: dict[str, Place] = {}
    for index, job in jobs.items():
        place = ("jobs", index, "id")
        if not isinstance(job_id := job.get("id"), str):
            continue
        earlier = first.setdefault(make_collision_key(job_id), place)
        if earlier != place:
            line = document.values[earlier].line
            what = (
                f"{quote(job_id)} would write the same files as the id at line {line}"
            )
            yield Found(place, Flaw(what, "give every job an id of its own"))


def _check_contents(place: Place, job: _Keys) -> Iterator[Found]:
    written = [key for key in job if key in _CONTENTS]
    if not written:
        flaw = Flaw("the job has nothing to say", "add text, text_file or messages")
        yield Found(place, flaw)
    for key in written[1:]:
        flaw = Flaw(f"the job already has {written[0]}", "keep one of the two")
        yield Found((*place, key), flaw, at_key=True)


def _check_script(place: Place, messages: Sequence[Data]) -> Iterator[Found]:
    script = _number_mappings(messages)
    if not script:
        return
    for index, message in script.items():
        yield from _check_message((*place, index), message)
    yield from _check_end(place, script)
    texts = [message.get("text") for message in script.values()]
    if all(isinstance(text, str) and find_text_flaw(text) for text in texts if text):
        flaw = Flaw("holds nothing that can be spoken", "add a message with a text")
        yield Found(place, flaw)


def _check_message(place: Place, message: _Keys) -> Iterator[Found]:
    if "text" not in message and "operation" not in message:
        flaw = Flaw("the message is neither text nor operation", "add one of the two")
        yield Found(place, flaw)
    for key in ("text", "contextId"):
        if key in message and "operation" in message:
            flaw = Flaw("does not go with an operation", "make it a message of its own")
            yield Found((*place, key), flaw, at_key=True)


def _check_end(place: Place, script: _Numbered) -> Iterator[Found]:
    ends = [i for i, message in script.items() if message.get("operation") == "eos"]
    last = max(script)
    # A last operation of another name is a misspelt eos, which is said elsewhere.
    if not ends and script[last].get("operation") in (None, "clear", "flush"):
        flaw = Flaw("the script has no end", "add {operation: eos} as its last message")
        yield Found(place, flaw)
    for index in ends:
        if index != last:
            flaw = Flaw("eos is not the last message", "remove it, or what follows")
            yield Found((*place, index, "operation"), flaw)

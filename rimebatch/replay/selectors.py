"""Where in a recording something is, as a person writes it.

::

    17, entry 17                   the entry of that number
    recv[3], sent[1]               the fourth message received, the second one sent
    first chunk, 2nd done, last received
                                   one of its kind, counted from 1
    chunk@1.25s                    the chunk that holds that second of the audio

The last two take the label of a context: ``2nd chunk of CONTEXT`` counts, and
``chunk@1.25s of CONTEXT`` measures, what came for that context alone. Labels are those
on record. Knows nothing of what is done to the steps that it finds.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from rimebatch.errors import RemoteProtocolError
from rimebatch.replay.labels import Label, read_label
from rimebatch.replay.recording import Ended, Heard, Recording, Sent, Step
from rimebatch.ws3.events import Chunk, decode_event
from rimebatch.ws3.query import Query
from rimebatch.ws3.takes import BYTES_PER_SAMPLE

KINDS: Final = ("chunk", "timestamps", "done", "error", "close", "received", "sent")

_NUMBER: Final = re.compile(r"(?:entry )?(\d{1,15})", re.ASCII)
_INDEX: Final = re.compile(r"(recv|sent)\[(\d{1,15})\]", re.ASCII)
_NTH: Final = re.compile(
    rf"(first|last|([1-9]\d{{0,14}})(?:st|nd|rd|th)) ({'|'.join(KINDS)})(?: of (.+))?",
    re.ASCII,
)
_SECOND: Final = re.compile(r"chunk@(\d{1,9}(?:\.\d{1,9})?)s(?: of (.+))?", re.ASCII)

_FORMS: Final = (
    "write an entry number, recv[3], sent[1], first chunk, 2nd done, last received or "
    f"chunk@1.25s; the kinds are {', '.join(KINDS)}"
)


class UnfitError(ValueError):
    """What a person wrote means nothing, or nothing in this recording.

    Attributes:
        what: Is wrong.
        remedy: What would help.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Nth:
    """One of its kind.

    Attributes:
        place: Counts from 0; -1 is the last.
        kind: One of `KINDS`.
        context_id: Only what bears it counts; ``None`` for everything.
    """

    place: int
    kind: str
    context_id: str | None = None


@dataclass(frozen=True, slots=True)
class Second:
    """The chunk that holds this second of the audio, from 0."""

    second: float
    context_id: str | None = None


Selector: TypeAlias = int | Nth | Second
"""A number is that of an entry."""


def parse_selector(written: str | int) -> Selector:
    """Return the selector that was *written*.

    Raises:
        UnfitError: It is none.
    """
    text = str(written)
    if match := _NUMBER.fullmatch(text):
        return int(match[1])
    if match := _INDEX.fullmatch(text):
        return Nth(int(match[2]), "sent" if match[1] == "sent" else "received")
    if match := _NTH.fullmatch(text):
        places = {"first": 0, "last": -1}
        place = places[match[1]] if match[1] in places else int(match[2]) - 1
        return Nth(place, match[3], match[4])
    if match := _SECOND.fullmatch(text):
        return Second(float(match[1]), match[2])
    raise UnfitError(f"{json.dumps(text)} is no selector", _FORMS)


def find_step(recording: Recording, written: str | int) -> int:
    """Return the index of the step of *recording* that the selector *written* means.

    Of two steps with one entry number, as a fault leaves them, it is the first.

    Raises:
        UnfitError: It is no selector, or finds nothing; the text says what there is.
    """
    found = _find(recording, parse_selector(written))
    if isinstance(found, str):
        raise UnfitError(f"{json.dumps(str(written))} finds nothing", found)
    return found


def _find(recording: Recording, selector: Selector) -> int | str:
    """Return the index of what is selected, or what there is instead."""
    match selector:
        case Nth():
            return _find_nth(recording, selector)
        case Second():
            return _find_second(recording, selector)
        case number:
            return _find_numbered(recording, number)


def _find_numbered(recording: Recording, number: int) -> int | str:
    numbers = [step.number for step in recording.steps]
    if number in numbers:
        return numbers.index(number)
    if not numbers:
        return "nothing was said on this connection"
    return f"messages and closes are among the entries {numbers[0]} to {numbers[-1]}"


def _find_nth(recording: Recording, nth: Nth) -> int | str:
    found = [
        index
        for index, step in enumerate(recording.steps)
        if nth.kind in _kinds_of(step) and _is_of(step, nth.context_id)
    ]
    try:
        return found[nth.place]
    except IndexError:
        return _describe_content(recording, nth.context_id)


def _find_second(recording: Recording, wanted: Second) -> int | str:
    rate_hz, sample_bytes = _read_format(recording.header.query)
    first_byte = round(wanted.second * rate_hz) * sample_bytes
    heard_bytes = 0
    for index, chunk in _find_chunks(recording, wanted.context_id):
        heard_bytes += len(chunk.audio)
        if first_byte < heard_bytes:
            return index
    length = f"there are {heard_bytes / sample_bytes / rate_hz:.3f} s of audio"
    return f"{length}, and {_describe_content(recording, wanted.context_id)}"


def _find_chunks(
    recording: Recording, context_id: str | None
) -> Iterator[tuple[int, Chunk]]:
    for index, step in enumerate(recording.steps):
        if not (isinstance(step, Heard) and isinstance(step.message, str)):
            continue
        try:
            event = decode_event(step.message)
        except RemoteProtocolError:
            continue  # broken on record: its audio cannot be told
        if isinstance(event, Chunk) and context_id in {None, event.context_id}:
            yield index, event


def _read_format(query: Query) -> tuple[int, int]:
    """Return the rate in hertz and the bytes of a sample, as *query* asked for them."""
    asked = dict(query)
    audio_format = asked.get("audioFormat", "")
    sample_bytes = BYTES_PER_SAMPLE.get(audio_format)
    if sample_bytes is None:
        raise UnfitError(
            f"how long a chunk is cannot be told of audioFormat "
            f"{json.dumps(audio_format)}",
            "write recv[3] or 2nd chunk, or record it as pcm or mulaw",
        )
    rate = asked.get("samplingRate", "")
    if not rate.isdecimal() or not int(rate):
        raise UnfitError(
            "how long a chunk is cannot be told, since the recorded query has no "
            "samplingRate",
            "write recv[3] or 2nd chunk",
        )
    return int(rate), sample_bytes


def _kinds_of(step: Step) -> tuple[str | None, ...]:
    """Return the kinds of *step*; a client's leaving has none."""
    match step:
        case Sent():
            return ("sent",)
        case Heard(message=message):
            return "received", read_label(message).type
        case Ended(by="server"):
            return ("close",)
        case _:
            return ()


def _is_of(step: Step, context_id: str | None) -> bool:
    return context_id is None or _label_of(step).context_id == context_id


def _label_of(step: Step) -> Label:
    return Label() if isinstance(step, Ended) else read_label(step.message)


def _describe_content(recording: Recording, context_id: str | None) -> str:
    """Return how many there are of each kind, and for an absent context, which are."""
    labels = dict.fromkeys(_label_of(step).context_id for step in recording.steps)
    if context_id not in {None, *labels}:
        names = [json.dumps(label) for label in labels if label is not None]
        return f"the contexts are {', '.join(names) or 'none'}"
    counts = Counter(
        kind
        for step in recording.steps
        if _is_of(step, context_id)
        for kind in _kinds_of(step)
    )
    return "there are " + ", ".join(f"{counts[kind]} {kind}" for kind in KINDS)

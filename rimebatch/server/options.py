"""How a local service behaves: everything about it that a caller may choose."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from rimebatch.server.faults import Fault
from rimebatch.server.profiles import CURRENT, Profile
from rimebatch.server.voices.voice import Voice

TimesPlace: TypeAlias = Literal["before", "between", "after"]
UnknownSpeaker: TypeAlias = Literal["upgrade", "event", "close", "accept"]
EmptyContextId: TypeAlias = Literal["absent", "null", "kept"]
LimitPer: TypeAlias = Literal["synthesis", "message"]
AudioStream: TypeAlias = Literal["synthesis", "connection"]


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """The choices for one local service.

    From *audio_stream* to *connection_limit_s* they are answers to questions that
    nothing public answers; a client must be right whatever they are.

    Attributes:
        voice: What speaks.
        profile: Which documents it follows.
        speed: How fast audio is sent, in times real time; 0 is as fast as it is read.
        done_hold_s: How long ``done`` waits for more text, under ``bySentence`` and
            ``immediate``: a service that speaks at once runs out of text between two
            words of a client that sends them one by one, as the real one does not.
        times_place: Where the timestamps of a synthesis stand among its chunks;
            between is after the first.
        coarse_times: Whether word times are multiples of 0.177 s that touch, and run
            past the audio or fall short of it, as measured on the real service.
        audio_stream: Whether each synthesis is an MP3 or a WAV of its own, or part of
            one that lasts as long as the connection.
        times_follow_speed: Whether word times belong to the audio as it is, or as it
            would be without ``speedAlpha`` and ``timeScaleFactor``.
        limit_per: Whether the longest text is that of one synthesis or of one message.
        speakers: Those that it has; none named is any name at all.
        unknown_speaker: Where it shows that a speaker is none of these: at the upgrade
            (400), as an ``error`` event for each synthesis, as a close with 1011 at
            the first, or nowhere.
        empty_context_id: What a ``contextId`` of ``""`` is: as if it were left out,
            an end of the id before, or an id.
        error_drops_text: Whether an ``error`` event takes the buffered text with it.
        done_after_error: Whether a ``done`` follows an ``error`` event.
        eos_close_code: What it closes with after ``eos``; 1005 is no code.
        idle_limit_s: After how long without a byte either way it closes with 1001.
        connection_limit_s: After how long it closes in any case, with 1001.
        round_trip_s: How long bytes take to a client and back, beside what they take
            anyway; see `rimebatch.server.long_line`.
        account_limit: How many connections may be open; 429 above it.
        api_key: The only bearer token that is let in; ``None`` lets in any but an
            empty one.
        log: The file that `rimebatch.server.logbook` appends to.
        faults: What goes wrong, on purpose.
    """

    voice: Voice
    profile: Profile = CURRENT
    speed: float = 0.0
    done_hold_s: float = 0.5
    times_place: TimesPlace = "between"
    coarse_times: bool = False
    audio_stream: AudioStream = "synthesis"
    times_follow_speed: bool = True
    limit_per: LimitPer = "synthesis"
    speakers: Collection[str] = ()
    unknown_speaker: UnknownSpeaker = "upgrade"
    empty_context_id: EmptyContextId = "absent"
    error_drops_text: bool = False
    done_after_error: bool = False
    eos_close_code: int = 1000
    idle_limit_s: float = math.inf
    connection_limit_s: float = math.inf
    round_trip_s: float = 0.0
    account_limit: int | None = None
    api_key: str | None = None
    log: Path | None = None
    faults: tuple[Fault, ...] = ()

    def refusal_of(self, speaker: str) -> UnknownSpeaker:
        """Return where it shows that *speaker* is unknown; ``accept`` is nowhere."""
        known = not self.speakers or speaker in self.speakers
        return "accept" if known else self.unknown_speaker

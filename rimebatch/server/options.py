"""How a local service behaves: everything about it that a caller may choose."""

from dataclasses import dataclass

from rimebatch.server.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """The choices for one local service.

    Attributes:
        voice: What speaks.
        api_key: The only bearer token that is let in; ``None`` lets in any but an
            empty one.
        done: Whether the end of a run of audio is announced by a ``done`` event. The
            page that binds knows none.
        max_chars: The longest text of one synthesis. 500 is the page's limit.
        timestamps_after_chunks: How many chunks of a synthesis precede its timestamps
            event; 0 puts it first, a number beyond the last chunk puts it last.
        speed: How fast audio is sent, in times real time; 0 is as fast as it is read.
    """

    voice: Voice
    api_key: str | None = None
    done: bool = True
    max_chars: int = 500
    timestamps_after_chunks: int = 1
    speed: float = 0.0

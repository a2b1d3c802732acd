"""The choices for a local service."""

import math

import pytest

from rimebatch.server.options import ServiceOptions, UnknownSpeaker
from rimebatch.server.profiles import CURRENT
from rimebatch.server.voices import ToneVoice


def test_defaults() -> None:
    """Left alone, a service is the current one, unpaced, and nothing goes wrong."""
    options = ServiceOptions(voice=ToneVoice())

    assert CURRENT is options.profile
    assert 0 == options.speed
    assert () == options.faults
    assert options.api_key is None
    assert (math.inf, math.inf) == (options.idle_limit_s, options.connection_limit_s)


@pytest.mark.parametrize("where", ["upgrade", "event", "close", "accept"])
def test_refusal_of_a_speaker(where: UnknownSpeaker) -> None:
    """A speaker is refused where that is chosen, and only if others are named."""
    anybody = ServiceOptions(voice=ToneVoice(), unknown_speaker=where)
    somebody = ServiceOptions(ToneVoice(), speakers=["luna"], unknown_speaker=where)

    assert "accept" == anybody.refusal_of("astra")
    assert "accept" == somebody.refusal_of("luna")
    assert where == somebody.refusal_of("astra")

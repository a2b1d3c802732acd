"""The choices for a local service."""

from rimebatch.server.options import ServiceOptions
from rimebatch.server.voices import ToneVoice


def test_defaults() -> None:
    """Left alone, a service speaks as the page has it, with `done`, unpaced."""
    options = ServiceOptions(voice=ToneVoice())

    assert options.api_key is None
    assert options.done
    assert 500 == options.max_chars
    assert 0 == options.speed

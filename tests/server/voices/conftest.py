"""What the tests of the voices share."""

import pytest

from rimebatch.errors import VoiceError
from rimebatch.server.voices.espeak_library import (
    EspeakLibrary,
    find_library,
    installed_libraries,
)


@pytest.fixture(scope="session")
def library() -> EspeakLibrary:
    """The libespeak-ng of this machine; without one, the test is skipped."""
    try:
        return find_library(installed_libraries())
    except VoiceError as exc:
        pytest.skip(f"no libespeak-ng: {exc}")

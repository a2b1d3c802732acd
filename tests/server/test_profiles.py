"""The service as the documents have it."""

import pytest

from rimebatch.server.profiles import CURRENT, PAGE, PROFILES, Model

MIST_2 = Model(speed_alpha_is_speed=False, pauses=True, rate_hz=22_050)


def test_page() -> None:
    """The page that binds knows no done, no id on timestamps, and 500 characters."""
    assert (False, False, 500) == (PAGE.done, PAGE.tags_times, PAGE.max_chars)
    assert {"mp3", "mulaw", "pcm"} == set(PAGE.formats)
    assert PAGE.other_format is None


def test_current() -> None:
    """The later documents have all three, and more formats."""
    assert (True, True, 1000) == (
        CURRENT.done,
        CURRENT.tags_times,
        CURRENT.max_chars,
    )
    assert PAGE.formats.items() <= CURRENT.formats.items()
    assert ("wav", "wav") == (CURRENT.left_out_format, CURRENT.other_format)
    assert ("mp3", "pcm", "mulaw") == tuple(
        CURRENT.formats[name] for name in ("mpeg", "l16", "pcmu")
    )


def test_other_model() -> None:
    """Without a model, Mist v2 answered once, and Mist v3 does now."""
    assert PAGE.models["mistv2"] is PAGE.other_model
    assert CURRENT.models["mistv3"] is CURRENT.other_model


def test_arcana() -> None:
    """Coda answers for Arcana now, under every name that it has had."""
    assert not PAGE.models["arcana"].scales_time
    assert {CURRENT.models["coda"]} == {
        CURRENT.models[name] for name in ("codav1", "arcana", "arcanav2", "arcanav3")
    }


@pytest.mark.parametrize("name", PROFILES)
def test_mist_2(name: str) -> None:
    """The older Mists are the odd ones: a lower speedAlpha is faster."""
    models = PROFILES[name].models

    assert {MIST_2} == {models["mistv2"], models["mist"]}
    assert MIST_2 not in {m for n, m in models.items() if n not in {"mistv2", "mist"}}

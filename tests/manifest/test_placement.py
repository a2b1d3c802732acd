"""What lies between takes when a manifest says nothing."""

from dataclasses import astuple

from rimebatch.manifest.placement import NO_PAUSES, Pauses, Trim


def test_nothing_is_added() -> None:
    """Without a word in the manifest no silence is put anywhere."""
    assert {0.0} == set(astuple(NO_PAUSES))
    assert NO_PAUSES == Pauses()


def test_soft_speech_is_kept() -> None:
    """What is trimmed by default lies far below speech, and a margin of it stays."""
    trim = Trim()

    assert -60.0 == trim.silence_db
    assert 0.1 == trim.keep_s

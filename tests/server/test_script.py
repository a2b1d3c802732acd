"""What the service does for one synthesis, step by step."""

from rimebatch.server.script import EndRun, HangUp, Rest, Say, Script
from rimebatch.ws3.events import Done


def test_values() -> None:
    """Scripts are values: equal where their steps are."""
    steps = (Say(Done("a")), Rest(1.0), EndRun("a"), HangUp(1011))

    assert Script(steps, "a") == Script(tuple(steps), "a", None)
    assert Script(steps, "a") != Script(steps[1:], "a")


def test_defaults() -> None:
    """A message has no audio in it, and a close no reason, unless they say so."""
    assert 0.0 == Say("text").lasts_s
    assert HangUp(1000).reason is None

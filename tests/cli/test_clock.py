"""The only clock of the house."""

from datetime import datetime, timedelta

from rimebatch.cli.clock import read_wall_time


def test_the_time_is_in_utc_and_to_the_second() -> None:
    """The time reads back as a time in UTC, and does not go backwards."""
    before, after = (datetime.fromisoformat(read_wall_time()) for _ in range(2))

    assert timedelta(0) == before.utcoffset()
    assert 0 == before.microsecond
    assert before <= after

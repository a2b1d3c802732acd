"""The only clock of the house."""

from datetime import datetime, timedelta

from rimebatch.cli.clock import read_wall_time, read_wall_time_ms


def test_the_time_is_in_utc_and_to_the_second() -> None:
    """The time reads back as a time in UTC, and does not go backwards."""
    before, after = (datetime.fromisoformat(read_wall_time()) for _ in range(2))

    assert timedelta(0) == before.utcoffset()
    assert 0 == before.microsecond
    assert before <= after


def test_the_time_of_a_log_is_to_the_millisecond() -> None:
    """It reads back, has three digits behind the second, and is about the same."""
    before, now = read_wall_time(), read_wall_time_ms()

    assert len("2026-09-10T12:00:00.123Z") == len(now)
    assert datetime.fromisoformat(before) <= datetime.fromisoformat(now)

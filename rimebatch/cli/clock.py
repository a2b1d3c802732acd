"""What time it is; every other room is told."""

from datetime import UTC, datetime


def read_wall_time() -> str:
    """Return the time of day in UTC, to the second: ``2026-09-10T12:00:00Z``."""
    now = datetime.now(UTC)  # noqa: TID251  # the command line is where time comes from
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_wall_time_ms() -> str:
    """Return the same to the millisecond: ``2026-09-10T12:00:00.123Z``."""
    now = datetime.now(UTC)  # noqa: TID251  # as above
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"

"""What time it is; every other room is told."""

from datetime import UTC, datetime


def read_wall_time() -> str:
    """Return the time of day in UTC, to the second: ``2026-09-10T12:00:00Z``."""
    now = datetime.now(UTC)  # noqa: TID251  # the command line is where time comes from
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")

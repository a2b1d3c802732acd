"""Frames as the numbers that stand in files. Integers all the way: nothing drifts."""


def to_millis(frame: int, rate_hz: int) -> int:
    """Return the millisecond nearest to *frame*; later frames never have earlier ones.

    Args:
        frame: From the start of the file.
        rate_hz: Frames per second.
    """
    return _divide(frame, 1000, rate_hz)


def to_seconds(frame: int, rate_hz: int) -> str:
    """Return *frame* in seconds to the microsecond, finer than a frame at any rate."""
    seconds, micros = divmod(_divide(frame, 1_000_000, rate_hz), 1_000_000)
    return f"{seconds}.{micros:06d}"


def format_clock(millis: int, mark: str) -> str:
    """Return *millis* as ``01:23:45.678``, with *mark* before the thousandths."""
    seconds, millis = divmod(millis, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{millis:03d}"


def _divide(frame: int, units: int, rate_hz: int) -> int:
    return (frame * units + rate_hz // 2) // rate_hz

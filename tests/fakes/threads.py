"""Threads that trio runs for a task, and that outlive it where it was cancelled."""

import threading

import trio


async def let_threads_end() -> None:
    """Wait until no thread of trio's is at work any more."""
    while any(" from " in thread.name for thread in threading.enumerate()):
        await trio.lowlevel.checkpoint()  # it is named like that while it is

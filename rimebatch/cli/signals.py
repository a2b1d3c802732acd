"""Leaving in good order: what Ctrl-C and SIGTERM do to a run that is under way.

The first lets takes in flight come to their end, the second leaves at once. Before a
run is under way, and after it, Ctrl-C is the usual `KeyboardInterrupt`.
"""

import signal
from typing import Final

import click
import trio

from rimebatch.cli.exit_codes import ExitCode
from rimebatch.recorder.batch import Stop

_CODES: Final = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
}

# Those who start programs, such as `timeout`, pass on a signal that came here as well.
# Nobody presses Ctrl-C twice within so short a time.
_SAME_SIGNAL_S: Final = 0.1


class Leaving:
    """Whether, why and how a run is left early.

    Args:
        grace_s: How long takes in flight may go on.

    Attributes:
        scope: What is left at once at the second signal.
        exit_code: Of the first signal, once there was one.
    """

    def __init__(self, grace_s: float) -> None:
        self.scope = trio.CancelScope()
        self.exit_code: ExitCode | None = None
        self._grace_s = grace_s

    async def obey_signals(self, stop: Stop) -> None:
        """Stop a batch by *stop* at the first signal, and leave it at the second."""
        with trio.open_signal_receiver(*_CODES) as signals:
            self.exit_code = _CODES[signal.Signals(await anext(signals))]
            first_s = trio.current_time()
            click.echo(
                "Stopping: nothing more is sent, and what is in flight has "
                f"{self._grace_s:g} s; Ctrl-C once more leaves at once.",
                err=True,
            )
            stop(self._grace_s)
            async for _ in signals:
                if trio.current_time() - first_s > _SAME_SIGNAL_S:
                    self.scope.cancel()

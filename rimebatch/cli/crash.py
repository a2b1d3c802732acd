"""What is shown of a crash: the traceback, without the credentials it may quote."""

import os
import sys
from traceback import format_exception
from types import TracebackType

from rimebatch.transcript import Redactor
from rimebatch.transcript.credentials import find_secrets


def show_crash(
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType | None,
) -> None:
    """Write the traceback of *error* to standard error; see `sys.excepthook`."""
    shown = "".join(format_exception(error)).encode(errors="backslashreplace")
    masked = Redactor(secrets=find_secrets(os.environ)).mask(shown)
    sys.stderr.write(masked.decode(errors="backslashreplace"))

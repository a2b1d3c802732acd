"""The log of a run: JSON lines for whoever was not there to look.

It is written with `logging`, so whoever has something to log says it to `log_event` and
need not know whether there is a log. It knows no other file of a run.

Theory of operation. A log is sent around more freely than a transcript, so it holds
neither credentials nor what is spoken. Credentials are searched for in each line, just
before it is written. What is spoken is kept out where it might come in: of an error,
which may quote what a server said, whatever stands in the text of its job is masked; of
a crash, and of what a library says, nothing is kept but names and numbers.
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from functools import cached_property, wraps
from itertools import count
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Concatenate, Final, ParamSpec, Self

import click
import msgspec

from rimebatch.cli.clock import read_wall_time_ms
from rimebatch.cli.displays import EVENTS, JSON_VERSION
from rimebatch.errors import ManifestError, OutputError, RimeBatchError
from rimebatch.files import PRIVATE
from rimebatch.manifest.plan import Plan
from rimebatch.recorder.reports import (
    AttemptFailed,
    FailedCheck,
    JobResult,
    JobStarted,
    Listener,
    Report,
    TakeRejected,
    TakeWithdrawn,
)
from rimebatch.transcript import Redactor
from rimebatch.transcript.credentials import find_secrets
from rimebatch.transcript.redactor import MASK

_Options = ParamSpec("_Options")

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_LOG: Final = logging.getLogger("rimebatch")
_LOG.addHandler(logging.NullHandler())  # without a log nothing goes to standard error
_LIBRARY: Final = logging.getLogger("trio-websocket")  # the only one that logs

_QUOTE_WORDS: Final = 3  # two in a row stand in many a sentence by chance

# Scripts without spaces have a word for each character.
_WORD: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+"
)

_NAME: Final = re.compile(r"\w+(-\d+)?")  # of a connection, say; a sentence has spaces


def log_event(level: str, event: str, fields: Mapping[str, object]) -> None:
    """Log *event*, if a log is kept; *level* is one of `LEVELS`."""
    _LOG.log(LEVELS[level], event, extra={"fields": fields})


def log_start(plan: Plan, versions: Mapping[str, str]) -> Listener:
    """Log that *plan* is begun; return what logs the reports of its run."""
    manifest = plan.manifest
    log_event(
        "info",
        "started",
        {
            "versions": versions,
            "manifest": manifest.name,
            "endpoint": manifest.endpoint,  # which cannot hold credentials
            "jobs": len(plan.jobs),
            "missing_chars": plan.missing_chars,
        },
    )
    for warning in manifest.warnings:
        log_event("warning", "warning", {"warning": warning})
    quotes = Quotes(segment.text for job in plan.jobs for segment in job.segments)

    def log(report: Report) -> None:
        fields: dict[str, object] = msgspec.to_builtins(report)
        if isinstance(error := fields.get("error"), str):
            fields["error"] = quotes.hide(error)
        for check in report.failed_checks if isinstance(report, JobResult) else ():
            log_event("warning", "check-failed", _describe_check(report.job, check))
        fields.pop("failed_checks", None)  # which have the text
        log_event(_find_level(report), EVENTS[type(report)], fields)

    return log


def _describe_check(job: str, check: FailedCheck) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(check)
    del fields["text"]
    return {"job": job, **fields}


class Quotes:
    """What a sentence may quote of *texts*, and how it reads without.

    A quote is `_QUOTE_WORDS` in a row, or the whole of a shorter text.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts

    def hide(self, said: str) -> str:
        """Return *said* with `MASK` in the place of each word that is quoted."""
        words = _split(said)
        hidden: set[int] = set()
        for start in range(len(words)):
            for end in range(start + 1, start + _QUOTE_WORDS + 1):
                if tuple(words[start:end]) in self._runs:
                    hidden.update(range(start, end))
        numbers = count()
        return _WORD.sub(
            lambda word: MASK if next(numbers) in hidden else word[0], said
        )

    @cached_property  # most runs have no error to look for quotes in
    def _runs(self) -> set[tuple[str, ...]]:
        return {run for text in self._texts for run in _runs_of(_split(text))}


def _split(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _runs_of(words: list[str]) -> Iterator[tuple[str, ...]]:
    size = min(_QUOTE_WORDS, len(words))
    for start in range(len(words) - size + 1):
        yield tuple(words[start : start + size])


def _find_level(report: Report) -> str:
    match report:
        case JobResult(state="failed"):
            return "error"
        case AttemptFailed() | TakeWithdrawn() | TakeRejected():
            return "warning"
        case JobStarted() | JobResult():
            return "info"
        case _:
            return "debug"


def log_options(
    command: Callable[_Options, None],
) -> Callable[Concatenate[Path | None, str, _Options], None]:
    """Add ``--log`` and ``--log-level``, and keep the log while *command* runs."""

    @click.option(
        "--log",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Add to FILE what happens, as JSON lines without text and keys.",
    )
    @click.option(
        "--log-level",
        type=click.Choice([*LEVELS]),
        default="info",
        help="How much of it.",
    )
    @wraps(command)
    def logged(
        log: Path | None,
        log_level: str,
        *args: _Options.args,
        **kwargs: _Options.kwargs,
    ) -> None:
        with RunLog(log, log_level) if log else nullcontext():
            command(*args, **kwargs)

    return logged  # type: ignore[return-value]  # click gives all of them by name


class RunLog(logging.Handler):
    """The log of what happens in this process inside the context.

    Each line is one write at the end of the file, so that several runs may share it,
    and a kill loses nothing. If that fails the run goes on, and the end of it tells.

    Args:
        path: Made, for this user alone, if it does not exist.
        level: One of `LEVELS`.
        now: The time, as RFC 3339.

    Raises:
        OutputError: The file cannot be opened.
    """

    def __init__(
        self, path: Path, level: str, now: Callable[[], str] = read_wall_time_ms
    ) -> None:
        super().__init__(LEVELS[level])
        self._path = path
        self._now = now
        self._run = now()
        self._redactor = Redactor(secrets=find_secrets(os.environ))
        self._is_torn = False
        self._lost = 0
        self._why: str | None = ""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            self._descriptor = os.open(path, flags, PRIVATE)
        except OSError as error:
            raise OutputError(
                f"{path}: cannot open the log: {error.strerror}; write it elsewhere"
            ) from error

    def __enter__(self) -> Self:
        for logger in (_LOG, _LIBRARY):
            logger.addHandler(self)
            logger.setLevel(self.level)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _log_end(error)
        for logger in (_LOG, _LIBRARY):
            logger.removeHandler(self)
            logger.setLevel(logging.NOTSET)
        self.close()
        os.close(self._descriptor)
        if self._lost:
            what = f"{self._lost} lines of the log could not be written: {self._why}"
            click.echo(f"{self._path}: {what}", err=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record* as one line."""
        line = {
            "rimebatch": JSON_VERSION,
            "time": self._now(),
            "level": record.levelname.lower(),
            "pid": os.getpid(),
            "run": self._run,
            **_encode(record),
        }
        try:
            self._write(self._redactor.mask(msgspec.json.encode(line)) + b"\n")
        except OSError as error:
            self._lost += 1
            self._why = error.strerror

    def _write(self, line: bytes) -> None:
        """Write *line*, on a line of its own even after half of another."""
        line = b"\n" * self._is_torn + line
        while line:
            count = os.write(self._descriptor, line)
            line = line[count:]
            self._is_torn = bool(line)


def _encode(record: logging.LogRecord) -> dict[str, object]:
    """Return the event of *record*, with its fields."""
    if record.name == _LOG.name:
        return {"event": record.getMessage(), **vars(record)["fields"]}
    values = record.args if isinstance(record.args, tuple) else ()
    said = record.msg % tuple(map(_name, values))
    return {"event": "library", "library": record.name, "said": said}


def _name(value: object) -> object:
    """Return *value* if it is a number or a name, else what kind of thing it is."""
    if isinstance(value, int) or _NAME.fullmatch(str(value)):
        return value
    return (value if isinstance(value, type) else type(value)).__name__


def _log_end(error: BaseException | None) -> None:
    """Log *error* if it ended the run before its own end."""
    match error:
        case None | SystemExit() | click.exceptions.Exit():
            return
        case ManifestError(mistakes=mistakes):  # which may quote the text
            said = f"{len(mistakes)} mistakes; `rimebatch plan` tells them"
        case RimeBatchError():
            said = str(error)
        case click.ClickException():
            said = error.format_message()
        case KeyboardInterrupt() | click.Abort() | BrokenPipeError():
            said = "interrupted"
        case _:
            trace = list(_trace(error))
            fields = {"error": type(error).__name__, "traceback": trace}
            log_event("error", "crashed", fields)
            return
    log_event("error", "failed", {"error": said})


def _trace(error: BaseException) -> Iterator[str]:
    """Yield where *error* has been, outermost first, and what kind it is.

    Not what it says, which may quote anything.
    """
    hidden = error.__suppress_context__
    if earlier := error.__cause__ or (None if hidden else error.__context__):
        yield from _trace(earlier)
    for frame, line in walk_tb(error.__traceback__):
        yield f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
    yield type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _trace(part)

"""What a run came to: how many tests were replayed, and which transcripts nobody owns.

Under pytest-xdist each worker counts for itself, and the controller adds it up.
"""

import os
from collections.abc import Iterable, Iterator, Sized
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import pytest

from rimebatch.pytest_plugin.options import find_orphans_mode, find_root
from rimebatch.pytest_plugin.paths import find_orphans

_OUTPUT: Final = "ws3"  # its name among what a worker puts out


@dataclass
class Tally:
    """What is counted.

    Attributes:
        replayed: Tests that were played a transcript.
        recorded: Tests whose transcript was saved.
        diverged: Of those replayed, the ones that left the record.
        unplayed: Of those replayed, the ones that left some of it unplayed.
        virtual_s: How long the replayed conversations took, in their own time.
        real_s: How long the tests took that they were played to.
        orphans: Transcripts that no test owns; ``None`` where that cannot be told.
    """

    replayed: int = 0
    recorded: int = 0
    diverged: int = 0
    unplayed: int = 0
    virtual_s: float = 0.0
    real_s: float = 0.0
    orphans: list[str] | None = None

    def count(self, *, diverged: Sized, unplayed: Sized) -> None:
        """Count a test that was replayed, and left so much of the record."""
        self.replayed += 1
        self.diverged += bool(diverged)
        self.unplayed += bool(unplayed)

    def add(self, other: "Tally") -> None:
        """Add what another process counted.

        All workers collect all tests, but each finds out only for those that it runs
        what they own beside what their names say. So an orphan is one to all of them.
        """
        self.replayed += other.replayed
        self.recorded += other.recorded
        self.diverged += other.diverged
        self.unplayed += other.unplayed
        self.virtual_s += other.virtual_s
        self.real_s += other.real_s
        if self.orphans is None:
            self.orphans = other.orphans
        elif other.orphans is not None:
            self.orphans = [path for path in self.orphans if path in other.orphans]

    def describe(self) -> Iterable[str]:
        """Yield the lines of the summary; none if there is nothing to tell."""
        counts = {
            "replayed": self.replayed,
            "recorded": self.recorded,
            "failed to replay": self.diverged,
            "unplayed": self.unplayed,
            "orphaned": len(self.orphans or ()),
        }
        told = [f"{count} {what}" for what, count in counts.items() if count]
        if told:
            yield ", ".join(told)
        if self.virtual_s:
            yield f"{self.virtual_s:.3f} s of conversation in {self.real_s:.3f} s"
        for path in self.orphans or ():
            yield f"orphaned: {path}"


@dataclass
class Owners:
    """Which transcripts the tests of a run own.

    Attributes:
        modules: The test modules that were collected.
        paths: The transcript of the first connection of each test.
    """

    modules: set[Path] = field(default_factory=set)
    paths: set[Path] = field(default_factory=set)


_TALLY: Final = pytest.StashKey[Tally]()
_OWNERS: Final = pytest.StashKey[Owners]()


def tally_of(config: pytest.Config) -> Tally:
    """Return what is counted in this run."""
    return config.stash.setdefault(_TALLY, Tally())


def owners_of(config: pytest.Config) -> Owners:
    """Return what the tests of this run own, as far as they are collected."""
    return config.stash.setdefault(_OWNERS, Owners())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look for orphans, and tell the controller, or fail if that was asked for."""
    config, tally = session.config, tally_of(session.config)
    if owners_of(config).modules and not _is_narrowed(config):
        tally.orphans = [_show(path, config) for path in _find_orphans(config)]
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = asdict(tally)
    elif tally.orphans and find_orphans_mode(config) == "fail":
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Add what a worker of pytest-xdist counted; a crashed one has put out nothing."""
    output = getattr(node, "workeroutput", {}).get(_OUTPUT)
    if output is not None:
        controller: pytest.Config = node.config  # type: ignore[attr-defined]  # xdist's
        tally_of(controller).add(Tally(**output))


def pytest_terminal_summary(
    terminalreporter: "pytest.TerminalReporter", config: pytest.Config
) -> None:
    """Print the section, unless no test spoke ws3."""
    tally = tally_of(config)
    if find_orphans_mode(config) == "ignore":
        tally.orphans = None
    lines = list(tally.describe())
    if lines:
        terminalreporter.section("ws3")
    for line in lines:
        terminalreporter.line(line)


def _is_narrowed(config: pytest.Config) -> bool:
    """Whether some tests of the modules were not meant to be collected or run."""
    options = ("keyword", "markexpr", "deselect", "lf", "collectonly")
    by_option = any(config.getoption(name, None) for name in options)
    return by_option or any("::" in argument for argument in config.args)


def _find_orphans(config: pytest.Config) -> Iterator[Path]:
    """Yield the transcripts of collected modules, and of none, that no test owns.

    A module that is there and was not collected speaks for itself some other time.
    """
    owners = owners_of(config)
    for tests in sorted({module.parent for module in owners.modules}):
        for folder in sorted(find_root(tests, config).glob("*/")):
            module = tests / f"{folder.name}.py"
            if module in owners.modules or not module.exists():
                yield from find_orphans(folder, owners.paths)


def _show(path: Path, config: pytest.Config) -> str:
    return os.path.relpath(path, config.invocation_params.dir)

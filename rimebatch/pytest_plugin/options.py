"""What can be set: on the command line, in the ini file, and by the marker of a test.

The marker goes before the command line, and that before the ini file. It knows names
and values, and not what they do.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import pytest

from rimebatch.pytest_plugin.paths import transcript_in

RecordMode: TypeAlias = Literal["none", "once", "rewrite"]
Orphans: TypeAlias = Literal["ignore", "warn", "fail"]

_MARKER: Final = (
    "ws3(transcript=None, match='json', gate='context', pace=1, faults=None, "
    "unplayed='fail'): what ws3_transcript and ws3_service play, and how strictly; "
    "see docs/pytest.md of RimeBatch."
)
_MARKER_NAMES: Final = ("transcript", "match", "gate", "pace", "faults", "unplayed")
_UNPLAYED: Final = ("fail", "ignore")

_INI: Final = (
    ("transcripts_dir", "transcripts", "folder of transcripts, beside the test module"),
    ("record", "none", "default of --ws3-record, unless CI is set"),
    ("pace", "1", "default of --ws3-pace"),
    ("match", "json", "how alike what is said must be: exact, json, shape, any"),
    ("gate", "context", "what must have been said before: context, observed, total"),
    ("orphans", "warn", "default of --ws3-orphans"),
    ("endpoint", "local", "default of --ws3-endpoint"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one test.

    Attributes:
        path: The transcript of its first connection.
        record: Whether it may be recorded.
        match: How alike what is said must be to the record.
        gate: What must have been said before something may be heard.
        pace: Times the recorded gaps: 1 as recorded, 0 at once.
        faults: The path of an overlay, or what would stand in one under ``do``.
        must_play_all: Whether what was not played fails the test.
    """

    path: Path
    record: RecordMode
    match: str
    gate: str
    pace: float
    faults: Path | Sequence[Mapping[str, object]]
    must_play_all: bool

    @property
    def is_recorded(self) -> bool:
        """Whether the test speaks to a service, and not to a record."""
        if self.record == "once":
            return not self.path.exists()
        return self.record == "rewrite"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what can be set for the whole run."""
    group = parser.getgroup("ws3", "ws3: replay and record speech")
    group.addoption(
        "--ws3-record",
        choices=get_args(RecordMode),
        help="none (default): replay, or fail; once: record the tests that have no "
        "transcript; rewrite: record all of them anew. Saved when the test passes.",
    )
    group.addoption(
        "--ws3-pace",
        metavar="TIMES",
        help="Times the recorded gaps: 1 (default) as recorded, 0 at once.",
    )
    group.addoption(
        "--ws3-orphans",
        choices=get_args(Orphans),
        help="What becomes of transcripts that no test owns: ignore, warn (default) in "
        "the summary, or fail the run.",
    )
    group.addoption(
        "--ws3-endpoint",
        metavar="SERVICE",
        help="Where to record from: local (default) starts a service on this computer; "
        "cloud, with the key in RIME_API_KEY; or wss://host/ws3. Unused by replays.",
    )
    for name, default, what in _INI:
        parser.addini(f"ws3_{name}", f"ws3: {what}.", default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and refuse an ini file that says nonsense."""
    config.addinivalue_line("markers", _MARKER)
    find_record_mode(config)
    find_orphans_mode(config)
    _find_pace(config)


def find_record_mode(config: pytest.Config) -> RecordMode:
    """Return whether tests may be recorded; ``CI`` forbids what is not said outright.

    Raises:
        UsageError: The ini file says something else.
    """
    asked: RecordMode | None = config.getoption("ws3_record")
    if asked is None and os.environ.get("CI"):
        return "none"
    mode: RecordMode = asked or config.getini("ws3_record")
    check_choice(mode, get_args(RecordMode), "ws3_record")
    return mode


def find_orphans_mode(config: pytest.Config) -> Orphans:
    """Return what becomes of transcripts that no test owns.

    Raises:
        UsageError: The ini file says something else.
    """
    mode: Orphans = config.getoption("ws3_orphans") or config.getini("ws3_orphans")
    check_choice(mode, get_args(Orphans), "ws3_orphans")
    return mode


def find_endpoint(config: pytest.Config) -> str:
    """Return where to record from."""
    name: str = config.getoption("ws3_endpoint") or config.getini("ws3_endpoint")
    return name


def find_root(tests: Path, config: pytest.Config) -> Path:
    """Return the folder with a folder for each module in the folder *tests*."""
    name: str = config.getini("ws3_transcripts_dir")
    return tests / name


def read_settings(test: pytest.Function) -> Settings:
    """Return what holds for *test*.

    Raises:
        UsageError: Its marker says something that there is not.
    """
    config, where = test.config, f"{test.nodeid}: ws3"
    marked = _read_marker(test, where)
    unplayed = marked.get("unplayed", "fail")
    check_choice(unplayed, _UNPLAYED, f"{where}: unplayed")
    pace = marked.get("pace")
    return Settings(
        path=_find_path(test, marked.get("transcript")),
        record=find_record_mode(config),
        match=str(marked.get("match", config.getini("ws3_match"))),
        gate=str(marked.get("gate", config.getini("ws3_gate"))),
        pace=_find_pace(config) if pace is None else _read_pace(pace, where),
        faults=_find_faults(test, marked.get("faults", ())),
        must_play_all=unplayed == "fail",
    )


def _read_marker(test: pytest.Function, where: str) -> Mapping[str, object]:
    """Return what the markers of *test* say; where they differ, the closest one."""
    marked: dict[str, object] = {}
    for marker in reversed(list(test.iter_markers("ws3"))):
        if marker.args:
            raise pytest.UsageError(f"{where}: write the name, as in transcript=…")
        for name in marker.kwargs:
            check_choice(name, _MARKER_NAMES, where)
        marked |= marker.kwargs
    return marked


def _find_path(test: pytest.Function, named: object) -> Path:
    """Return the first transcript of *test*: its own, or the one that was *named*."""
    if isinstance(named, Path) or str(named).endswith(".jsonl"):
        return test.path.parent / str(named)
    parts = _name_parts(test) if named is None else [str(named)]
    folder = find_root(test.path.parent, test.config) / test.path.stem
    return transcript_in(folder, parts)


def _find_faults(
    test: pytest.Function, written: object
) -> Path | Sequence[Mapping[str, object]]:
    if isinstance(written, str | Path):
        return test.path.parent / written
    if isinstance(written, list | tuple):
        return written
    raise pytest.UsageError(
        f"{test.nodeid}: ws3: faults is neither a path nor a list, as in "
        '[{"drop": "recv[3]"}]'
    )


def _name_parts(test: pytest.Function) -> list[str]:
    classes = [node.name for node in test.listchain() if isinstance(node, pytest.Class)]
    is_cut = "ws3_cut_each" in test.fixturenames  # then its runs share a transcript
    return [*classes, test.originalname if is_cut else test.name]


def _find_pace(config: pytest.Config) -> float:
    written = config.getoption("ws3_pace") or config.getini("ws3_pace")
    return _read_pace(written, "ws3_pace")


def _read_pace(written: object, where: str) -> float:
    try:
        pace = float(str(written))
    except ValueError:
        pace = math.nan
    if not 0 <= pace < math.inf:
        raise pytest.UsageError(f"{where}: {written!r} is no pace; write 0, 1 or 0.5")
    return pace


def check_choice(value: object, choices: Sequence[str], where: str) -> None:
    """Raise `pytest.UsageError` unless *value*, set at *where*, is a choice."""
    if value not in choices:
        known = ", ".join(choices)
        raise pytest.UsageError(f"{where}: {value!r} is not known; choose of {known}")

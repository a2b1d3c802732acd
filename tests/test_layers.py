"""The architecture as data: rows, doors and nurseries, checked on every module's ast.

`docs/architecture.md` explains the rows. A module imports from rows below its own, or
from its own room; a new room needs a row here before its first module can be merged.
"""

import ast
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "rimebatch"

# Highest first. A name covers the module and everything below it, unless a longer
# name in another row covers it more closely.
ROWS = (
    ("rimebatch", "rimebatch.__main__"),
    ("rimebatch.cli", "rimebatch.pytest_plugin"),
    (
        "rimebatch.recorder.batch",
        "rimebatch.recorder.replay_job",
        "rimebatch.recorder.ledger_file",
    ),
    (
        "rimebatch.recorder.job",
        "rimebatch.recorder.ledger",
        "rimebatch.recorder.patience",
        "rimebatch.recorder.turnstile",
    ),
    ("rimebatch.recorder.retakes", "rimebatch.recorder.origin"),
    (
        "rimebatch.recorder.session",
        "rimebatch.recorder.reports",
        "rimebatch.recorder.folders",
        "rimebatch.recorder.failures",
        "rimebatch.recorder.governor",
        "rimebatch.recorder.breaker",
        "rimebatch.server",
        "rimebatch.renderer",
    ),
    ("rimebatch.recorder.transports",),
    ("rimebatch.replay",),
    ("rimebatch.transcript",),
    (
        "rimebatch.manifest.plan_file",
        "rimebatch.manifest.reasons",
        "rimebatch.manifest.schedule",
    ),
    ("rimebatch.manifest.plan",),
    ("rimebatch.manifest", "rimebatch.ws3"),
    ("rimebatch.files",),
    ("rimebatch.errors",),
)
# A package that only holds rooms of several rows; it may import nothing of ours.
HALLS = {"rimebatch.recorder"}

LIVE = "rimebatch.recorder.transports"
DOORS = {
    "click": {"rimebatch.cli"},
    "rich": {"rimebatch.cli"},
    "yaml": {"rimebatch.manifest"},
    "pydantic": {"rimebatch.manifest"},
    "trio_websocket": {LIVE, "rimebatch.server"},
    "wsproto": {LIVE, "rimebatch.server"},
    "h11": {LIVE, "rimebatch.server"},
    "soundfile": {"rimebatch.renderer", "rimebatch.server.encoding"},
    "numpy": {"rimebatch.renderer", "rimebatch.server"},
    "soxr": {"rimebatch.server.voices", "rimebatch.renderer"},
    "espeakng_loader": {"rimebatch.server.voices"},
    "ctypes": {"rimebatch.server.voices"},
    "pytest": {"rimebatch.pytest_plugin"},
    "trio": {
        "rimebatch.recorder",
        "rimebatch.server",
        "rimebatch.pytest_plugin",
        "rimebatch.cli",
    },
}
NURSERIES = {"rimebatch.recorder.batch", LIVE, "rimebatch.server"}

Sources = dict[str, str]


def read_sources() -> Sources:
    """Return the source of every module by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path.read_text()
        for path in ROOT.rglob("*.py")
    }


def imports_in(source: str) -> Iterator[str]:
    """Yield the dotted name of every import, at any depth, of a module or a name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (node.module or "")
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def is_within(name: str, rooms: Iterable[str]) -> bool:
    """Return whether *name* is one of *rooms* or lies in one."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def room_of(name: str) -> tuple[int, str] | None:
    """Return row and room of the module or name *name*; ``None`` if it has none."""
    placed = [
        (row, room)
        for row, rooms in enumerate(ROWS)
        for room in rooms
        if is_within(name, [room]) and (room != "rimebatch" or name == room)
    ]
    return max(placed, key=lambda found: len(found[1]), default=None)


def find_violations(sources: Sources) -> list[str]:
    """Return every breach of the architecture in *sources*, as one line each."""
    found = [f"{module} has no row" for module in sources if not (is_placed(module))]
    for module, source in sources.items():
        for name in imports_in(source):
            found += [f"{module} imports {name}"] * (not may_import(module, name))
        if "open_nursery(" in source and not is_within(module, NURSERIES):
            found.append(f"{module} opens a nursery")
    return found


def is_placed(module: str) -> bool:
    """Return whether *module* has a row, or is a hall."""
    return module in HALLS or room_of(module) is not None


def may_import(module: str, name: str) -> bool:
    """Return whether *module* may import *name*."""
    if name.startswith("."):
        return False
    package = name.split(".", maxsplit=1)[0]
    if package != "rimebatch":
        return package not in DOORS or is_within(module, DOORS[package])
    here, there = room_of(module), room_of(name)
    if here is None or there is None:
        return False
    return here[1] == there[1] or here[0] < there[0]


def modules_imported(source: str, sources: Sources) -> set[str]:
    """Return which of *sources* are imported by *source*."""
    names = set(imports_in(source))
    parents = {name.rpartition(".")[0] for name in names}
    return (names | parents) & sources.keys()


def test_the_house_stands() -> None:
    """No module imports up, sideways, or through another room's door."""
    assert [] == find_violations(read_sources())


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rimebatch.ws3.bad", "import rimebatch.manifest.load"),
        ("rimebatch.ws3.bad", "from rimebatch.transcript import reader"),
        ("rimebatch.renderer.bad", "from rimebatch.recorder.session import Session"),
        ("rimebatch.recorder.session", "import rimebatch.renderer"),
        ("rimebatch.recorder.transports.bad", "import rimebatch.recorder.job"),
        ("rimebatch.server.bad", "from rimebatch.cli import main"),
        ("rimebatch.manifest.load", "from rimebatch.manifest.plan import Plan"),
        ("rimebatch.errors", "def f():\n    import rimebatch.ws3"),
        ("rimebatch.errors", "if TYPE_CHECKING:\n    import rimebatch.ws3"),
        ("rimebatch.recorder", "import rimebatch.errors"),
        ("rimebatch.newroom", ""),
        ("rimebatch.ws3.bad", "from . import events"),
        ("rimebatch.ws3.bad", "import trio"),
        ("rimebatch.transcript.bad", "import trio"),
        ("rimebatch.replay.bad", "import trio"),
        ("rimebatch.replay.bad", "import rimebatch.recorder.transports"),
        ("rimebatch.recorder.bad", "import pytest"),
        ("rimebatch.renderer.bad", "import click"),
        ("rimebatch.recorder.bad", "from soundfile import SoundFile"),
        ("rimebatch.recorder.session", "trio.open_nursery()"),
        ("rimebatch.cli.bad", "trio.open_nursery()"),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str) -> None:
    """Each kind of breach is reported, wherever in the module it hides."""
    assert find_violations({module: source})


def test_there_is_no_import_cycle() -> None:
    """Modules can be put in an order in which each imports only earlier ones."""
    sources = read_sources()
    graph = {
        module: modules_imported(source, sources) - {module, module.rpartition(".")[0]}
        for module, source in sources.items()
        if module != "rimebatch"
    }

    TopologicalSorter(graph).prepare()  # raises CycleError


def test_no_module_is_longer_than_400_lines() -> None:
    """A module that grows past 400 lines is split along a name."""
    long = {m: s.count("\n") for m, s in read_sources().items() if s.count("\n") > 400}

    assert {} == long


def test_no_function_is_longer_than_40_lines() -> None:
    """A function is at most 40 lines long, its docstring not counted."""
    long = [
        f"{module}.{node.name}: {length}"
        for module, source in read_sources().items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for length in [_length(node)]
        if length > 40
    ]

    assert [] == long


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = node.body[0] if ast.get_docstring(node) is not None else None
    of_docstring = (
        (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    )
    return (node.end_lineno or 0) - node.lineno + 1 - of_docstring

"""Tests mirror the package, name by name, and each says what it expects."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "rimebatch"

# Tests of the whole rather than of one module.
OF_THE_WHOLE = {
    "test_bill.py",
    "test_canary.py",
    "test_crashes.py",
    "test_damaged_records.py",
    "test_docs.py",
    "test_exports.py",
    "test_failing_disk.py",
    "test_faults.py",
    "test_layers.py",
    "test_long_job.py",
    "test_others.py",
    "test_power_cuts.py",
    "test_rendering.py",
    "test_replay.py",
    "test_report.py",
    "test_retries.py",
    "test_side_by_side.py",
    "test_stopping.py",
    "test_story.py",
    "test_tree.py",
    "test_tutorial.py",
}
# Nothing but one call into a module that has its twin.
WITHOUT_TWIN = {"__main__.py"}


def test_every_module_has_a_test_file_of_its_name() -> None:
    """rimebatch/a/b.py is tested by tests/a/test_b.py."""
    wanted = {
        path.relative_to(PACKAGE).with_name(f"test_{path.name}")
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py" and path.name not in WITHOUT_TWIN
    }
    present = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}

    assert set() == wanted - present


def test_every_test_file_has_a_module_of_its_name() -> None:
    """A test file without a module is a leftover, or belongs on the list above."""
    orphans = {
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("test_*.py")
        if path.name not in OF_THE_WHOLE
        and not (
            PACKAGE / path.relative_to(TESTS).with_name(path.name.removeprefix("test_"))
        ).exists()
    }

    assert set() == orphans


def test_every_test_has_a_docstring() -> None:
    """A test states in one sentence the behaviour that it holds."""
    silent = [
        f"{path.relative_to(TESTS)}: {node.name}"
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node) is None
    ]

    assert [] == silent

"""What fails a test although its code did not: it left the record, or stopped early.

It knows when a test has run, and asks what it was given how that went.
"""

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from rimebatch.pytest_plugin.summary import tally_of

if TYPE_CHECKING:
    from trio.abc import Clock


class Checked(Protocol):
    """What a test was given, and what is asked about it when the test has run."""

    @property
    def complaints(self) -> Sequence[str]:
        """Why the test fails, each over several lines; nothing if it does not."""


CHECKED: Final = pytest.StashKey[list[Checked]]()
"""All that a test was given."""

CLOCK: "Final[pytest.StashKey[Clock | None]]" = pytest.StashKey()
"""By which a test with `ws3_transcript` runs; ``None`` for the real one."""

PASSED: Final = pytest.StashKey[bool]()
"""Whether a test passed; known once it has run."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail *item* if it left the record, though its code may have caught the error."""
    __tracebackhide__ = True
    result = yield
    if complaints := _find_complaints(item):
        pytest.fail("\n\n".join(complaints), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether *item* passed; to a failure, add what its own report leaves out."""
    report = yield
    if call.when == "call":
        item.stash[PASSED] = report.passed
        if item.stash.get(CLOCK, None):
            tally_of(item.config).real_s += report.duration
        if report.failed:
            report.sections += [
                ("ws3", complaint)
                for complaint in _find_complaints(item)
                if complaint.partition("\n")[0] not in report.longreprtext
            ]
    return report


def _find_complaints(item: pytest.Item) -> list[str]:
    checked = item.stash.get(CHECKED, [])
    return [complaint for each in checked for complaint in each.complaints]

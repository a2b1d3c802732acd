"""The pytest plugin: tests that speak ws3, played from transcripts or recorded.

pytest finds it by its entry point, so that a test imports nothing of ours. It is loaded
by every run of pytest where RimeBatch is installed; therefore what is imported here is
light, and the rest waits until a test asks for a fixture.

- `options` is what can be set, `paths` where transcripts lie.
- `collection` looks at tests before they run, `checks` after, and `summary` counts.
- `fixtures` are what a test asks for: `transcript` and `service` say what they give.
- `player` and `recorder` are what is behind a transcript; `writers` and `saving` put it
  on record, and `processes` run what has to be outside.
"""

from rimebatch.pytest_plugin.checks import (
    pytest_runtest_call,
    pytest_runtest_makereport,
)
from rimebatch.pytest_plugin.collection import (
    pytest_generate_tests,
    pytest_itemcollected,
)
from rimebatch.pytest_plugin.fixtures import (
    _ws3_endpoint,
    ws3_cut_each,
    ws3_service,
    ws3_transcript,
)
from rimebatch.pytest_plugin.options import pytest_addoption, pytest_configure
from rimebatch.pytest_plugin.summary import (
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

__all__ = [
    "_ws3_endpoint",
    "pytest_addoption",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_itemcollected",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "ws3_cut_each",
    "ws3_service",
    "ws3_transcript",
]

"""A test suite to run with the plugin, and a service to record it from."""

from collections.abc import Iterator

import pytest

from fakes.suites import Suite
from rimebatch.pytest_plugin.processes import open_command


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """A suite with a client, and no tests yet; it does not run on a build server."""
    monkeypatch.delenv("CI", raising=False)
    return Suite(pytester)


@pytest.fixture(scope="session")
def service_url() -> Iterator[str]:
    """The address of a service that is quick."""
    with open_command("serve", "--voice", "tone", "--speed", "0") as announced:
        yield announced["url"]

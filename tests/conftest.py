"""Fixtures and settings for every test."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]  # for tests of our own plugin

# Deadlines measure the machine, not the code; the machines are noisy.
settings.register_profile(
    "rimebatch", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("rimebatch")


@pytest.fixture(scope="session", autouse=True)
def _empty_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the copy of the catalogue that the developer may have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield

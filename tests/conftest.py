"""Fixtures and settings for every test."""

from hypothesis import HealthCheck, settings

# Deadlines measure the machine, not the code; the machines are noisy.
settings.register_profile(
    "rimebatch", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("rimebatch")

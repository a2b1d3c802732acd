"""That the service does not do what it was asked for, and why."""

from rimebatch.server.refusal import RefusedError


def test_refusal() -> None:
    """It says its status and its reason, and keeps what goes along."""
    refusal = RefusedError(429, "too many", {"Retry-After": "2"})

    assert "429: too many" == str(refusal)
    assert (429, "too many") == (refusal.status, refusal.reason)
    assert {"Retry-After": "2"} == refusal.headers
    assert {} == RefusedError(400, "no").headers

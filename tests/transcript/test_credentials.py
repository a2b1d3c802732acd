"""Which values of the environment are taken for credentials."""

import pytest

from rimebatch.transcript.credentials import find_secrets


@pytest.mark.parametrize(
    "name",
    ["RIME_API_KEY", "GITHUB_TOKEN", "client_secret", "DB_PASSWORD_2", "KEY"],
)
def test_credentials(name: str) -> None:
    """A name that sounds like a credential's is enough, in capitals or not."""
    found = find_secrets({"PATH": "/usr/bin:/bin", name: "canary-4711"})

    assert ("canary-4711",) == found


def test_what_is_none() -> None:
    """Other variables, and values too short to be told from chance, are left out."""
    assert () == find_secrets({"USER": "somebody-else", "RIME_API_KEY": "local"})

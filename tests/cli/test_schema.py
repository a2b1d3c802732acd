"""``rimebatch schema`` from end to end."""

import json

from fakes.users import invoke
from rimebatch.manifest import make_schema


def test_schema() -> None:
    """It prints the schema of manifests, and nothing else."""
    result = invoke("schema")

    assert (0, "") == (result.exit_code, result.stderr)
    assert make_schema() == json.loads(result.stdout)

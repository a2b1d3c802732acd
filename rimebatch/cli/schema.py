"""``rimebatch schema``."""

import json

import click

from rimebatch.manifest import make_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of manifests, for editors and checkers.

    \b
    Example:
      rimebatch schema > jobs/manifest-v1.schema.json
    """
    click.echo(json.dumps(make_schema(), indent=2, ensure_ascii=False))

"""What to say: YAML -> Manifest -> Plan."""

from rimebatch.manifest.catalogue import Catalogue
from rimebatch.manifest.load import (
    Checks,
    Job,
    Manifest,
    Output,
    Voice,
    load_manifest,
)
from rimebatch.manifest.schema import make_schema

__all__ = [
    "Catalogue",
    "Checks",
    "Job",
    "Manifest",
    "Output",
    "Voice",
    "load_manifest",
    "make_schema",
]

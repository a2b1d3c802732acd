"""What to say: YAML -> Manifest -> Plan."""

from rimebatch.manifest.load import Job, Manifest, Output, Voice, load_manifest
from rimebatch.manifest.schema import make_schema

__all__ = ["Job", "Manifest", "Output", "Voice", "load_manifest", "make_schema"]

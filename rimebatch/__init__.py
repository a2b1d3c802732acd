"""RimeBatch: record what Rime's ws3 service says, then render files from the record.

The public names, each imported from its home when it is first used, so that
``rimebatch --help`` need not wait for numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rimebatch.errors import ManifestError, RimeBatchError
    from rimebatch.manifest.load import Manifest, load_manifest
    from rimebatch.manifest.plan import Plan, make_plan
    from rimebatch.recorder.batch import render_batch, run_batch
    from rimebatch.recorder.folders import transcripts_of
    from rimebatch.recorder.origin import Origin
    from rimebatch.recorder.reports import JobResult
    from rimebatch.recorder.transports import Connect, Transport
    from rimebatch.recorder.transports.endpoint import Endpoint
    from rimebatch.recorder.transports.live import open_live
    from rimebatch.server.local import open_local_service

_HOMES: Final = {
    "Connect": "rimebatch.recorder.transports",
    "Endpoint": "rimebatch.recorder.transports.endpoint",
    "JobResult": "rimebatch.recorder.reports",
    "Manifest": "rimebatch.manifest.load",
    "ManifestError": "rimebatch.errors",
    "Origin": "rimebatch.recorder.origin",
    "Plan": "rimebatch.manifest.plan",
    "RimeBatchError": "rimebatch.errors",
    "Transport": "rimebatch.recorder.transports",
    "load_manifest": "rimebatch.manifest.load",
    "make_plan": "rimebatch.manifest.plan",
    "open_live": "rimebatch.recorder.transports.live",
    "open_local_service": "rimebatch.server.local",
    "render_batch": "rimebatch.recorder.batch",
    "run_batch": "rimebatch.recorder.batch",
    "transcripts_of": "rimebatch.recorder.folders",
}

__all__ = [
    "Connect",
    "Endpoint",
    "JobResult",
    "Manifest",
    "ManifestError",
    "Origin",
    "Plan",
    "RimeBatchError",
    "Transport",
    "load_manifest",
    "make_plan",
    "open_live",
    "open_local_service",
    "render_batch",
    "run_batch",
    "transcripts_of",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

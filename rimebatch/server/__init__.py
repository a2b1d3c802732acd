"""A local ws3 service: speaks to any ws3 client, without the network and for nothing.

It knows the wire and its voices, and neither manifests nor transcripts.
"""

from rimebatch.server.local import (
    LocalService,
    open_local_service,
    serve_until_stdin_closes,
)
from rimebatch.server.options import ServiceOptions
from rimebatch.server.service import serve_ws3

__all__ = [
    "LocalService",
    "ServiceOptions",
    "open_local_service",
    "serve_until_stdin_closes",
    "serve_ws3",
]

"""A local ws3 service: speaks to any ws3 client, without the network and for nothing.

It knows the wire and its voices, and no manifests; transcripts only where it says so
below. A client goes through it from top to bottom:

- `service` numbers connections, and `listening` meets who comes; `handshake` reads what
  one asks for; `connection`, on a `rough_stream`, is what can be done to it, and
  `long_line` is how far away it is;
- `conversation` is what goes on over it: `synthesis` makes a `script` of each text, by
  `speech` and `encoding`; `faults` change it; `pacing` takes its time;
- `logbook` keeps the bill;
- `profiles` and `options` say how all that is done, and `local` starts a service in a
  process of its own.

`proxy` stands in front of another service, and writes transcripts of what is said.
`replay_service` plays transcripts to clients, and holds them to the record; `control`
is where its verdict can be read.
"""

from rimebatch.server.faults import parse_fault
from rimebatch.server.local import (
    LocalService,
    open_local_service,
    serve_until_stdin_closes,
)
from rimebatch.server.options import ServiceOptions
from rimebatch.server.profiles import CURRENT, PAGE, Profile
from rimebatch.server.service import serve_ws3

__all__ = [
    "CURRENT",
    "PAGE",
    "LocalService",
    "Profile",
    "ServiceOptions",
    "open_local_service",
    "parse_fault",
    "serve_until_stdin_closes",
    "serve_ws3",
]

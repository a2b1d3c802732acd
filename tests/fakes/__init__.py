"""Stand-ins that several test files share.

- `services` speaks ws3 in memory, without sockets, clocks and chance.
- `sessions` is a session over such a service, and what came of it.
- `peers` are servers on the loopback that do what no service should.
- `manifests` makes manifests, and plans of single jobs, out of a few words.
- `transcripts` makes transcripts to record into, reads them back, and damages them.
- `conversations` records whole ones, of a few takes and all that stands around them.
- `recordings` makes recordings for replay out of a few words.
- `stages` plays them to clients, of which it has some, and records that once more.
- `suites` is a test suite of somebody else, for the pytest plugin.
- `users` runs the command line as people do.
- `clients` is a plain client by another WebSocket library, `sockets` one on bare bytes.
- `node` tells whether Node is here, whose clients are under `tests/clients`.
- `catalogue` is a small catalogue of voices, and `web` a server on the loopback for it.
- `mp3` encodes sounds as MP3; `ffmpeg` reads what we encode, where it is installed.
- `spoken` makes up jobs as they were spoken, for captions.
"""

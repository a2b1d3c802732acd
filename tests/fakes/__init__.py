"""Stand-ins that several test files share.

- `services` speaks ws3 in memory, without sockets, clocks and chance.
- `sessions` is a session over such a service, and what came of it.
- `peers` are servers on the loopback that do what no service should.
- `manifests` makes manifests, and plans of single jobs, out of a few words.
- `transcripts` makes transcripts to record into, reads them back, and damages them.
- `users` runs the command line as people do.
- `clients` is a plain client by another WebSocket library, `sockets` one on bare bytes.
- `catalogue` is a small catalogue of voices, and `web` a server on the loopback for it.
- `mp3` encodes sounds as MP3.
"""

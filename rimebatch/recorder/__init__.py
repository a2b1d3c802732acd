"""From a plan to transcripts: the only room that talks to the service.

- `transports` carry messages, live or replayed; the function that opens one is the
  seam between the service, the local service and a replay.
- `session` is one job's conversation over one transport.
- `batch` runs the jobs of a plan side by side and has each rendered when its takes are
  all on record.

This room never decodes audio.
"""

"""Everything that can go wrong, on purpose: one table of faults, by name.

- `FAULTS`: the table, and `parse_fault`, which reads ``NAME[@WHERE][=VALUE]``;
- `HandshakeFault` and `SynthesisFault`: one of them, at its place, ready to be used.

A fault is a small function: of the script of one synthesis, which gives the steps that
are taken instead (`order`, `content`, `line`), or of a connection that has not been
answered yet (`opening`). Its name is the function's, what it says of itself the
docstring's first line. None of them knows who asked for it.
"""

from rimebatch.server.faults.kinds import (
    Fault,
    FaultKind,
    HandshakeFault,
    SynthesisFault,
)
from rimebatch.server.faults.table import FAULTS, parse_fault

__all__ = [
    "FAULTS",
    "Fault",
    "FaultKind",
    "HandshakeFault",
    "SynthesisFault",
    "parse_fault",
]

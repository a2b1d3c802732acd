"""RimeBatch: record what Rime's ws3 service says, then render files from the record."""

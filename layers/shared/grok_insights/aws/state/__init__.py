"""The State table: what all execution environments share, counters and pauses among it."""

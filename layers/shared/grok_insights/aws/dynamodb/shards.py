"""Assigns conversations to the shards of indexes and counters."""

from __future__ import annotations

from zlib import crc32


def shard_of(conversation_id: str, shards: int) -> int:
    """Return the shard of an id, from 0 to ``shards - 1``, always the same for the same id."""
    return crc32(conversation_id.encode()) % shards

"""Which shard of an index or a counter a conversation belongs to."""

from __future__ import annotations

from zlib import crc32


def shard_of(conversation_id: str, shards: int) -> int:
    """The shard of an id, 0 to ``shards - 1``: the same one at every try."""
    return crc32(conversation_id.encode()) % shards

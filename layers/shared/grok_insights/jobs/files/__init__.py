"""Reads files of conversations as a stream: bytes, lines, records. Memory stays bounded."""

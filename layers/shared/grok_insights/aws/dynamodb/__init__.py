"""Shared code for all tables: attribute values, batch reads, transactions and shards."""

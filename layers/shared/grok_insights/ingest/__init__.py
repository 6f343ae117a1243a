"""The use cases of the ingest function: conversations are accepted and erased."""

"""Additions to the tools that `make security` runs."""

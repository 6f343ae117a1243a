"""Grok Insights analyses customer conversations. This package is shared by all three functions."""

__version__ = "0.1.0"

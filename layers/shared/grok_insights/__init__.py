"""Grok Insights: customer conversations in, insights out. What all three functions share."""

__version__ = "0.1.0"

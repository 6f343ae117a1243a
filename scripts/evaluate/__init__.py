"""Measures the quality of the analysis on conversations with known labels, without AWS."""

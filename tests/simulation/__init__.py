"""Deterministic simulation: the deployed code in a world of our own, replayed exactly by a seed."""

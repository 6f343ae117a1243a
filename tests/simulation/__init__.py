"""Deterministic simulation: the deployed code in a simulated world, replayed exactly by a seed."""

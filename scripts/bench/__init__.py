"""Measurements that anyone can repeat: each compares in one interleaved run, and prints ratios."""

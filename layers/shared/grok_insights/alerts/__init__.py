"""Compares the trends with the alert rules, and sends events about breaches."""

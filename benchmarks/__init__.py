"""Measurements: ``make bench`` runs all groups and prints one table.

A group is a module with a ``TITLE`` and a ``figures`` function. It measures one subject with the
real parts. A figure above its limit fails the run. Implementations that are compared are measured
in turn in one run, and medians are shown.
"""

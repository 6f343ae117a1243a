"""Measurements: ``make bench`` runs all groups and prints one table.

A group is a module with a ``TITLE`` and ``figures``: it measures one thing against real parts. A
figure with a limit fails the run when it is above it. Whatever is compared is measured in turn in
one run, and medians are shown.
"""

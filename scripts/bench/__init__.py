"""Measurements: ``make bench`` runs every module of this package that has a ``figures``.

A module measures one thing against real parts and yields figures; a figure with a limit fails the
run when it is above it.
"""

"""A stand-in for xAI: an HTTP server with its API that fails on demand and records all calls.

By hand: ``python -m tests.standin --port 4610``; in tests: ``with running() as standin``.
"""

from tests.standin.books import Books, CallRecord, Outage, digest
from tests.standin.control import Control
from tests.standin.server import Standin, running

__all__ = ["Books", "CallRecord", "Control", "Outage", "Standin", "digest", "running"]

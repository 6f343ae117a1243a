"""Unit tests cannot reach a network."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection, so that code that uses the network fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("a unit test wants to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)

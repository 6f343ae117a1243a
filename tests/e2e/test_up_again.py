"""`make up` once more, with other settings: what runs already must take them over."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.e2e.conftest import exports, free_port, run_local


def _limit(folder: Path) -> str:
    """How many requests a client has, as the functions that answer know it."""
    stack = exports((folder / "stack.env").read_text())
    headers = {"x-api-key": stack["API_KEY"]}
    answer = httpx.get(f"{stack['API_URL']}/api/v1/insights", headers=headers, timeout=60)
    return answer.headers["RateLimit-Limit"]


def test_a_setting_takes_effect_and_goes_back_when_it_is_given_no_more(tmp_path: Path) -> None:
    place = {"LOCAL_DIR": str(tmp_path), "EMULATOR_PORT": str(free_port())}
    try:
        run_local("up", place | {"RATE_LIMIT_REQUESTS": "7"})
        assert _limit(tmp_path) == "7"
        run_local("up", place)
        assert _limit(tmp_path) == "60"
    finally:
        run_local("down", place)

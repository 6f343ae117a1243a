"""The webhook's settings of the local stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.local import saved_settings
from scripts.local.errors import LocalStackError
from scripts.local.files import LocalFiles
from scripts.local.options import read_options
from scripts.local.values import checked_values
from scripts.template import read_template
from tests.template import PATH

URL = "http://127.0.0.1:8080/hook"


def values(folder: Path, **settings: str) -> dict[str, str]:
    options = read_options({"LOCAL_DIR": str(folder), **settings}, PATH.parent)
    return checked_values(options, read_template(PATH), LocalFiles(PATH.parent, folder))


def test_a_webhook_needs_a_secret(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="WEBHOOK_URL needs WEBHOOK_SECRET"):
        values(tmp_path, WEBHOOK_URL=URL)
    found = values(tmp_path, WEBHOOK_URL=URL, WEBHOOK_SECRET="s")
    assert (found["WebhookUrl"], found["WebhookSecret"]) == (URL, "s")


def test_a_webhook_over_plain_http_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="WEBHOOK_URL: must match"):
        values(tmp_path, WEBHOOK_URL="http://app.example/hook", WEBHOOK_SECRET="s")


def test_the_terminal_does_not_show_a_kept_secret() -> None:
    shown = saved_settings.shown({"WEBHOOK_SECRET": "abc", "WEBHOOK_URL": URL})
    assert shown == f"WEBHOOK_SECRET=(hidden), WEBHOOK_URL={URL}"

"""Teaches detect-secrets what a key of xAI's looks like. Loaded by path: `--plugin`."""

import re
from typing import ClassVar

from detect_secrets.plugins.base import RegexBasedDetector


class XaiKeyDetector(RegexBasedDetector):
    """Finds ``xai-`` and the long random text behind it."""

    secret_type = "xAI API key"  # noqa: S105 - the name of a kind, not a secret
    denylist: ClassVar = (re.compile(r"\bxai-[A-Za-z0-9]{40,}\b"),)

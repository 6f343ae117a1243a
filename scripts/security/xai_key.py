"""A plugin that makes detect-secrets find keys of xAI. It is loaded by path: `--plugin`."""

import re
from typing import ClassVar

from detect_secrets.plugins.base import RegexBasedDetector


class XaiKeyDetector(RegexBasedDetector):
    """Find ``xai-`` followed by long random text."""

    secret_type = "xAI API key"  # noqa: S105 - the name of a type, not a secret
    denylist: ClassVar = (re.compile(r"\bxai-[A-Za-z0-9]{40,}\b"),)

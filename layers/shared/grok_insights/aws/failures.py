"""What boto raises when AWS refuses, or cannot be reached."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

AWS_FAILURES: Final = (BotoCoreError, ClientError)

"""The parts of the baselines: as ours, but with AWS clients as boto3 makes them.

Their connection pools have room for our threads, as any user of threads would configure them.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Final

import boto3
from botocore.config import Config

from grok_insights.aws.clients import CONNECTIONS
from grok_insights.settings import Settings
from grok_insights.wiring import Parts

_CONFIG: Final = Config(max_pool_connections=CONNECTIONS)

parts: Final = Parts(
    Settings.from_env(os.environ),
    boto3.client("dynamodb", config=_CONFIG),
    boto3.client("sqs", config=_CONFIG),
    lambda: datetime.now(UTC),
)

"""The parts of all use cases, built from the settings and two clients."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from grok_insights.aws import clients, jitter
from grok_insights.aws.conversations import Conversations
from grok_insights.aws.dynamodb.batch_get import BatchGet
from grok_insights.aws.dynamodb.transactions import Transactions
from grok_insights.aws.insights.documents import Documents
from grok_insights.aws.insights.recount import Recount
from grok_insights.aws.insights.table import Insights
from grok_insights.aws.insights.timeline import Timeline
from grok_insights.aws.insights.versions import Versions
from grok_insights.aws.queue import AnalysisQueue
from grok_insights.aws.state.alerts import AlertStore
from grok_insights.aws.state.counters import StateCounters
from grok_insights.aws.state.pauses import PauseStore
from grok_insights.aws.state.profiles import ProfileStore
from grok_insights.aws.state.proposals import Proposals
from grok_insights.aws.state.spending import DailySpending
from grok_insights.aws.state.timetable import Timetable
from grok_insights.aws.trends import Trends
from grok_insights.domain import pricing
from grok_insights.flow.pace import Pace
from grok_insights.flow.pauses import PauseLimits
from grok_insights.flow.rate_limit import RateLimit
from grok_insights.settings import GrokMode, Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from grok_insights.aws.ledger import Ledger
    from grok_insights.aws.state.job_outcomes import JobOutcomes


@dataclass(frozen=True)
class Parts:
    """The settings, clients, time, randomness and locks, and the parts that are built from them.

    ``random`` returns numbers from 0 to 1; ``sleep`` and ``monotonic`` are in seconds.
    """

    settings: Settings
    dynamodb: DynamoDBClient
    sqs: SQSClient
    now: Callable[[], datetime]
    random_id: Callable[[], str] = lambda: uuid4().hex
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = jitter.fraction
    lock: Callable[[], AbstractContextManager[Any]] = Lock
    random_uuid: Callable[[], UUID] = uuid4
    eventbridge: Callable[[], Any] = clients.events
    s3: Callable[[], S3Client] = clients.s3
    stepfunctions: Callable[[], Any] = clients.stepfunctions
    lambda_: Callable[[], Any] = clients.lambda_

    @property
    def batch_get(self) -> BatchGet:
        """Reads of many items."""
        return BatchGet(self.dynamodb, self.sleep, self.random)

    @property
    def transactions(self) -> Transactions:
        """Writes of many items."""
        return Transactions(self.dynamodb, self.sleep, self.random)

    @property
    def conversations(self) -> Conversations:
        """The Conversations table."""
        return Conversations(
            self.dynamodb,
            self.settings.conversations_table,
            timedelta(days=self.settings.retention_days),
            self.transactions,
            self.now,
        )

    @property
    def insights(self) -> Insights:
        """The Insights table."""
        return Insights(
            self.dynamodb,
            self.settings.insights_table,
            self.settings.index_shards,
            self.batch_get,
            self.now,
        )

    @property
    def versions(self) -> Versions:
        """The Versions table."""
        return Versions(self.dynamodb, self.settings.versions_table, self.now)

    @property
    def ledger(self) -> Ledger:
        """Saves insights together with their counters."""
        from grok_insights.aws.ledger import Ledger

        return Ledger(
            self.transactions, self.insights, self.trends, self.versions, self.job_outcomes
        )

    @property
    def job_outcomes(self) -> JobOutcomes:
        """Outcomes of jobs, in the State table."""
        from grok_insights.aws.state.job_outcomes import JobOutcomes

        return JobOutcomes(
            self.dynamodb,
            self.settings.state_table,
            self.settings.index_shards,
            timedelta(days=self.settings.retention_days),
            self.batch_get,
            self.transactions,
            self.now,
        )

    @property
    def timeline(self) -> Timeline:
        """The Insights table, in the order of time."""
        return Timeline(
            self.dynamodb,
            self.settings.insights_table,
            self.settings.index_shards,
            Documents(self.settings.insights_table, self.batch_get, self.now),
            self.now,
        )

    @property
    def recount(self) -> Recount:
        """The Insights table, counted anew."""
        return Recount(
            self.dynamodb,
            self.settings.insights_table,
            self.settings.index_shards,
            self.batch_get,
            self.now,
        )

    @property
    def trends(self) -> Trends:
        """The Trends table."""
        return Trends(self.dynamodb, self.settings.trends_table, self.settings.index_shards)

    @property
    def counters(self) -> StateCounters:
        """The State table."""
        return StateCounters(self.dynamodb, self.settings.state_table, self.transactions)

    @property
    def pauses(self) -> PauseStore:
        """The pauses of calls to Grok, in the State table."""
        return PauseStore(self.dynamodb, self.settings.state_table, self.batch_get, self.random_id)

    @property
    def profiles(self) -> ProfileStore:
        """The versions of the profile, in the State table."""
        return ProfileStore(self.dynamodb, self.settings.state_table, self.batch_get, self.now)

    @property
    def proposals(self) -> Proposals:
        """The proposed topics, in the State table."""
        return Proposals(self.dynamodb, self.settings.state_table)

    @property
    def alerts(self) -> AlertStore:
        """The alert rules and the alerts, in the State table."""
        return AlertStore(self.dynamodb, self.settings.state_table)

    @property
    def spending(self) -> DailySpending:
        """The daily spending, in the State table."""
        return DailySpending(self.dynamodb, self.settings.state_table, self.random_id)

    @property
    def timetable(self) -> Timetable:
        """The timetable of calls, in the State table."""
        return Timetable(self.dynamodb, self.settings.state_table)

    @property
    def queue(self) -> AnalysisQueue:
        """The analysis queue."""
        return AnalysisQueue(self.sqs, self.settings.analysis_queue_url, self.monotonic)

    @property
    def dead_letters(self) -> AnalysisQueue:
        """The dead-letter queue."""
        return AnalysisQueue(self.sqs, self.settings.dead_letter_queue_url, self.monotonic)

    @property
    def undelivered(self) -> dict[str, AnalysisQueue]:
        """The queues of events that were given up, by what they were for."""
        urls = {
            "bus": self.settings.events_dead_letter_queue_url,
            "webhook": self.settings.webhook_dead_letter_queue_url,
        }
        return {
            name: AnalysisQueue(self.sqs, url, self.monotonic) for name, url in urls.items() if url
        }

    @property
    def rate_limit(self) -> RateLimit:
        """The limit of one client."""
        return RateLimit(self.settings.rate_limit_requests, self.settings.rate_limit_window_seconds)

    @property
    def pause_limits(self) -> PauseLimits:
        """The settings for pauses. The mock has no budget and no pace."""
        settings = self.settings
        if settings.grok_mode is GrokMode.MOCK:
            return PauseLimits(settings.circuit_breaker_recovery_seconds)
        ticks = round(settings.daily_budget_usd * pricing.TICKS_PER_USD)
        pace = Pace(settings.grok_max_requests_per_second, settings.max_batch_size)
        return PauseLimits(settings.circuit_breaker_recovery_seconds, ticks, pace)


@cache
def parts() -> Parts:
    """Return the real parts, made from the environment.

    Raises
    ------
    SettingsError
        The settings are not valid.
    """
    settings = Settings.from_env(os.environ)
    return Parts(settings, clients.dynamodb(), clients.sqs(), lambda: datetime.now(UTC))

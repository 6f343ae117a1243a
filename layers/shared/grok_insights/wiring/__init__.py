"""Builds the use cases from settings and clients, once for each execution environment.

Each function here has its parts as an argument, so that tests build the same use cases with their
own parts and patch nothing. It imports the modules that it needs, so that no Lambda function loads
the code of another one.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from grok_insights.aws import clients
from grok_insights.settings import GrokMode, Settings
from grok_insights.telemetry import logger
from grok_insights.wiring.parts import Parts, parts

if TYPE_CHECKING:
    from httpx import BaseTransport

    from grok_insights.alerts.schedule import Watches
    from grok_insights.analysis.admission import AdmissionControl
    from grok_insights.analysis.batch import BatchAnalysis
    from grok_insights.analysis.calls import Caller
    from grok_insights.analysis.outcomes import Outcomes
    from grok_insights.analysis.preview import PreviewAnalysis
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.analysis.waves import Waves
    from grok_insights.aws.conversation_reader import ConversationReader
    from grok_insights.aws.event_bus import EventBus
    from grok_insights.aws.files import Files
    from grok_insights.aws.insights.scan import Scan
    from grok_insights.aws.jobs import Jobs
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker
    from grok_insights.domain.job import Job
    from grok_insights.domain.preview import NewPreview
    from grok_insights.events.publishing import Publishing
    from grok_insights.grok.analyzer import Analyzer
    from grok_insights.grok.real import RealGrok
    from grok_insights.http import HttpHandler, Router
    from grok_insights.ingest.conversations import Ingest
    from grok_insights.jobs.manage import ManageJobs
    from grok_insights.jobs.rework.slices import SliceWork
    from grok_insights.jobs.rework.steps import ReworkSteps
    from grok_insights.jobs.steps import ImportSteps
    from grok_insights.query import Query

UseCase = TypeVar("UseCase")

__all__ = [
    "Parts",
    "alerts",
    "analysis",
    "events",
    "grok",
    "http_handler",
    "import_steps",
    "ingest",
    "jobs",
    "parts",
    "preview",
    "query",
    "real_grok",
    "rework_steps",
    "with_redaction",
]


def http_handler(router: Router[UseCase], use_case: UseCase, of: Parts) -> HttpHandler[UseCase]:
    """Return the handler of a function's HTTP requests."""
    from grok_insights.http import Cors, HttpHandler, RateLimiter

    return HttpHandler(
        router,
        use_case,
        RateLimiter(of.counters, of.rate_limit, of.now),
        Cors(of.settings.cors_allowed_origins),
    )


def ingest(of: Parts) -> Ingest:
    """Return the use case of the ingest function."""
    from grok_insights.aws.erasure import Erasure
    from grok_insights.ingest.alerts import ChangeAlertRules
    from grok_insights.ingest.conversations import Ingest
    from grok_insights.ingest.profiles import ChangeProfile
    from grok_insights.ingest.retry import RetryAnalysis

    return Ingest(
        conversations=of.conversations,
        insights=of.insights,
        queue=of.queue,
        erasure=Erasure(
            of.dynamodb,
            of.conversations,
            of.insights,
            of.versions,
            of.trends,
            of.now,
            of.sleep,
            of.random,
        ),
        profile=ChangeProfile(of.profiles, of.proposals),
        alert_rules=ChangeAlertRules(of.alerts, of.now),
        retry=RetryAnalysis(of.conversations, of.insights, of.queue, of.now),
        preview=partial(_preview_profile, of),
        max_text_chars=of.settings.max_text_chars,
        max_queue_depth=of.settings.max_queue_depth,
        now=of.now,
        random_id=of.random_uuid,
    )


def _preview_profile(of: Parts, new: NewPreview) -> dict[str, Any]:
    """Return the result of a preview. Imports, which ingest too, never make one."""
    from grok_insights.aws.analysis_function import AnalysisFunction
    from grok_insights.ingest.preview import PreviewProfile

    analysis = AnalysisFunction(of.lambda_, of.settings.analysis_function)
    return PreviewProfile(analysis, of.settings.max_text_chars, of.now)(new)


def jobs(of: Parts) -> ManageJobs:
    """Return the use case of the jobs function."""
    from grok_insights.aws.workflow import Workflow
    from grok_insights.domain.job import JobKind
    from grok_insights.jobs.estimate import Prices
    from grok_insights.jobs.manage import ManageJobs
    from grok_insights.jobs.uploads import Uploads

    table, files = _jobs_table(of), _files(of)
    settings = of.settings
    return ManageJobs(
        uploads=Uploads(table, files, of.now, of.random_uuid),
        jobs=table,
        files=files,
        outcomes=of.job_outcomes,
        workflows={
            JobKind.IMPORT: Workflow(of.stepfunctions(), settings.import_state_machine),
            **dict.fromkeys(
                (JobKind.REANALYSIS, JobKind.REMAP, JobKind.EXPORT),
                Workflow(of.stepfunctions(), settings.rework_state_machine),
            ),
        },
        prices=Prices(
            settings.grok_cost_per_1k,
            settings.grok_max_requests_per_second,
            settings.daily_budget_usd,
        ),
        now=of.now,
        random_id=of.random_uuid,
    )


def import_steps(of: Parts) -> ImportSteps:
    """Return the use case of the import function."""
    from grok_insights.domain.job import CHUNK_LINES
    from grok_insights.jobs.finish import Finisher
    from grok_insights.jobs.part import PartImporter
    from grok_insights.jobs.plan import Planner
    from grok_insights.jobs.read import Reader
    from grok_insights.jobs.steps import ImportSteps

    table, files, accept = _jobs_table(of), _files(of), ingest(of)
    # The other half of the queue is for conversations that clients send.
    most_waiting = max(2, of.settings.max_queue_depth // 2)
    chunk_lines = min(CHUNK_LINES, most_waiting // 2)
    return ImportSteps(
        jobs=table,
        reader=Reader(table, files, _overhead_tokens(of), of.now, of.monotonic),
        planner=Planner(
            table, accept.queue, of.pauses, of.pause_limits, most_waiting, chunk_lines, of.now
        ),
        importer=PartImporter(
            jobs=table,
            files=files,
            ingest=accept,
            queue=accept.queue,
            most_waiting=most_waiting,
            chunk_lines=chunk_lines,
            sleep=of.sleep,
            monotonic=of.monotonic,
        ),
        finisher=Finisher(table, files, of.now),
        now=of.now,
        monotonic=of.monotonic,
    )


def _overhead_tokens(of: Parts) -> Callable[[], int]:
    """Return what reads the overhead of a call of real Grok with the active profile.

    The mock has none, and an estimate says what Grok would take.
    """
    from grok_insights.grok.request import overhead_tokens

    own_prompt = of.settings.grok_system_prompt
    return lambda: overhead_tokens(of.pauses.read(of.now()).active.profile, own_prompt)


def rework_steps(of: Parts) -> ReworkSteps:
    """Return the use case of the rework function."""
    from grok_insights.aws.insights.scan import Scan
    from grok_insights.domain.job import JobKind
    from grok_insights.jobs.rework.plan import ReworkPlanner
    from grok_insights.jobs.rework.slices import SliceReader
    from grok_insights.jobs.rework.steps import ReworkSteps

    table, settings = _jobs_table(of), of.settings
    scan = Scan(of.dynamodb, settings.insights_table, settings.index_shards, of.batch_get, of.now)
    works = {
        JobKind.REANALYSIS: _resend(of, scan),
        JobKind.REMAP: _remap(of, scan),
        JobKind.EXPORT: _export(of),
    }
    return ReworkSteps(
        jobs=table,
        scan=scan,
        planner=ReworkPlanner(table, works, of.now),
        reader=SliceReader(table, scan, of.sleep, of.monotonic),
        works=works,
        now=of.now,
        monotonic=of.monotonic,
    )


def _resend(of: Parts, scan: Scan) -> SliceWork:
    """Return what re-analyses do with slices."""
    from grok_insights.jobs.rework.resend import Resend, window_of
    from grok_insights.jobs.rework.slices import PAGE

    settings = of.settings
    return Resend(
        queue=of.queue,
        pauses=of.pauses,
        outcomes=of.job_outcomes,
        scan=scan,
        limits=of.pause_limits,
        window=window_of(settings.grok_max_requests_per_second),
        most_waiting=max(PAGE, min(4 * settings.max_batch_size, settings.max_queue_depth // 2)),
        now=of.now,
        sleep=of.sleep,
        monotonic=of.monotonic,
    )


def _remap(of: Parts, scan: Scan) -> SliceWork:
    """Return what remaps do with slices."""
    from grok_insights.aws.state.segment_values import SegmentValues
    from grok_insights.jobs.rework.remap import Remap

    return Remap(
        scan=scan,
        conversations=_conversation_reader(of),
        pauses=of.pauses,
        segment_values=SegmentValues(of.dynamodb, of.settings.state_table),
        ledger=of.ledger,
        outcomes=of.job_outcomes,
        now=of.now,
    )


def _export(of: Parts) -> SliceWork:
    """Return what exports do with slices."""
    from grok_insights.jobs.rework.compose import Composer
    from grok_insights.jobs.rework.export import Export

    files = _files(of)
    return Export(
        files=files,
        conversations=_conversation_reader(of),
        composer=Composer(_jobs_table(of), files, of.now, of.monotonic),
        random_id=of.random_id,
        monotonic=of.monotonic,
    )


def _conversation_reader(of: Parts) -> ConversationReader:
    from grok_insights.aws.conversation_reader import ConversationReader

    return ConversationReader(of.settings.conversations_table, of.batch_get, of.now)


def _jobs_table(of: Parts) -> Jobs:
    from grok_insights.aws.jobs import Jobs

    retention = timedelta(days=of.settings.retention_days)
    return Jobs(of.dynamodb, of.settings.jobs_table, retention, of.batch_get, of.now)


def _newest_jobs(of: Parts) -> Callable[[], list[Job]]:
    """Return what reads the newest jobs. Their models are loaded when they are first read."""

    def read() -> list[Job]:
        from grok_insights.aws.jobs import MAX_LISTED

        return _jobs_table(of).newest(MAX_LISTED)

    return read


def _files(of: Parts) -> Files:
    from grok_insights.aws.files import Files

    return Files(of.s3(), of.settings.files_bucket)


def query(of: Parts) -> Query:
    """Return the use cases of the query function."""
    from grok_insights.aws.api_key import ApiKey
    from grok_insights.query import Query
    from grok_insights.query.alerts import ReadAlerts
    from grok_insights.query.cursor import Cursors
    from grok_insights.query.health import HealthCheck
    from grok_insights.query.insights import ReadInsights
    from grok_insights.query.metrics import ReadMetrics
    from grok_insights.query.movers import ReadMovers
    from grok_insights.query.overview import ReadOverview
    from grok_insights.query.profiles import ReadProfiles
    from grok_insights.query.trends import ReadTrends
    from grok_insights.query.versions import ReadVersions

    insights = ReadInsights(
        conversations=of.conversations,
        insights=of.insights,
        timeline=of.timeline,
        cursors=Cursors(of.settings.cursor_key.encode()),
    )
    profiles = ReadProfiles(of.profiles, of.proposals)
    health = HealthCheck(
        pauses=of.pauses,
        queue=of.queue,
        dead_letters=of.dead_letters,
        limits=of.pause_limits,
        mode=of.settings.grok_mode,
        lacks_key=of.settings.lacks_grok_api_key,
        smallest_batch_size=of.settings.min_batch_size,
        now=of.now,
        monotonic=of.monotonic,
    )
    return Query(
        insights=insights,
        trends=ReadTrends(
            trends=of.trends,
            recount=of.recount,
            now=of.now,
            sleep=of.sleep,
        ),
        movers=ReadMovers(of.trends, of.now),
        health=health,
        metrics=ReadMetrics(
            counters=of.counters,
            pauses=of.pauses,
            queue=of.queue,
            dead_letters=of.dead_letters,
            undelivered=of.undelivered,
            read_jobs=_newest_jobs(of),
            smallest_batch_size=of.settings.min_batch_size,
            daily_budget_usd=float(of.settings.daily_budget_usd),
            alerts=of.alerts,
            api_key=ApiKey(clients.apigateway, of.settings.api_key_id, of.now),
            now=of.now,
        ),
        alerts=ReadAlerts(of.alerts),
        versions=ReadVersions(of.conversations, of.insights, of.versions),
        profiles=profiles,
        upload_origin=of.settings.upload_origin,
        overview=ReadOverview(
            trends=of.trends,
            insights=insights,
            profiles=profiles,
            pauses=of.pauses,
            daily_budget_usd=float(of.settings.daily_budget_usd),
            now=of.now,
        ),
    )


def events(of: Parts) -> Publishing:
    """Return the use case of the events function."""
    from grok_insights.events.publishing import Publishing

    return Publishing(_event_bus(of))


def alerts(of: Parts) -> Watches:
    """Return the use cases of the alerts function."""
    from grok_insights.alerts.schedule import Watches
    from grok_insights.alerts.stuck_jobs import WatchJobs
    from grok_insights.alerts.watch import WatchTrends
    from grok_insights.aws.windows import Windows

    settings = of.settings
    trends = WatchTrends(
        windows=Windows(of.batch_get, settings.trends_table, settings.index_shards),
        store=of.alerts,
        bus=_event_bus(of),
        now=of.now,
    )
    return Watches(trends, WatchJobs(_jobs_table(of), of.now))


def _event_bus(of: Parts) -> EventBus:
    from grok_insights.aws.event_bus import EventBus

    return EventBus(of.eventbridge(), of.settings.event_bus, of.sleep, of.random)


def analysis(
    of: Parts, analyzer: Analyzer | None = None, threads: Executor | None = None
) -> BatchAnalysis:
    """Return the use case of the analysis function. ``threads`` make the calls of a wave."""
    from grok_insights.analysis.batch import BatchAnalysis
    from grok_insights.analysis.new_insights import NewInsights
    from grok_insights.analysis.outcomes import Outcomes
    from grok_insights.analysis.requeue import Requeue
    from grok_insights.analysis.saving import Saver
    from grok_insights.aws.worklist import Worklist

    settings = of.settings
    analyzer = with_redaction(analyzer or grok(settings), settings)
    requeue = Requeue(of.queue, of.dead_letters, of.random)
    saver = Saver(of.ledger, of.sleep)
    insights = NewInsights(analyzer, of.now)
    outcomes = Outcomes(saver, requeue, of.job_outcomes, insights, settings.max_attempts)
    return BatchAnalysis(
        worklist=Worklist(of.batch_get, of.conversations, of.insights, of.now),
        waves=_waves(of, analyzer, outcomes, requeue, threads),
        outcomes=outcomes,
        requeue=requeue,
        counters=of.counters,
        proposals=of.proposals,
        queue=of.queue,
        jobs=of.job_outcomes,
        crowded_depth=settings.crowded_queue_depth,
        now=of.now,
    )


def _waves(
    of: Parts, analyzer: Analyzer, outcomes: Outcomes, requeue: Requeue, threads: Executor | None
) -> Waves:
    """Return what calls Grok in waves."""
    from grok_insights.analysis.batch_size import BatchSizeLimits
    from grok_insights.analysis.feedback import Feedback
    from grok_insights.analysis.waves import Waves
    from grok_insights.aws.state.crash_marks import CrashMarks
    from grok_insights.aws.state.segment_values import SegmentValues

    settings = of.settings
    limits = BatchSizeLimits(settings.min_batch_size, settings.max_batch_size)
    threads = threads or ThreadPoolExecutor(limits.largest, thread_name_prefix="grok")
    control = _admission_control(of, analyzer)
    return Waves(
        admission_control=control,
        caller=_caller(of, analyzer, control.circuit, threads),
        feedback=Feedback(control),
        outcomes=outcomes,
        requeue=requeue,
        crash_marks=CrashMarks(of.dynamodb, settings.state_table, of.now, of.random_id),
        segment_values=SegmentValues(of.dynamodb, settings.state_table),
        limits=limits,
    )


def preview(of: Parts, analyzer: Analyzer | None = None) -> PreviewAnalysis:
    """Return the use case of previews. Their calls are shorter, since a client waits for them."""
    from grok_insights.analysis.feedback import Feedback
    from grok_insights.analysis.new_insights import NewInsights
    from grok_insights.analysis.preview import CALL_SECONDS, PreviewAnalysis

    settings = of.settings
    shorter = {
        "grok_timeout_seconds": min(settings.grok_timeout_seconds, CALL_SECONDS),
        "grok_mock_max_latency_seconds": min(settings.grok_mock_max_latency_seconds, CALL_SECONDS),
    }
    analyzer = analyzer or grok(settings.model_copy(update=shorter))
    analyzer = with_redaction(analyzer, settings)
    control = _admission_control(of, analyzer)
    threads = ThreadPoolExecutor(1, thread_name_prefix="preview")
    return PreviewAnalysis(
        admission_control=control,
        caller=_caller(of, analyzer, control.circuit, threads),
        feedback=Feedback(control),
        insights=NewInsights(analyzer, of.now),
        counters=of.counters,
        now=of.now,
        random_id=of.random_uuid,
    )


def _caller(of: Parts, analyzer: Analyzer, circuit: CircuitBreaker, threads: Executor) -> Caller:
    from grok_insights.analysis.calls import Caller

    cost_per_1k = of.settings.grok_cost_per_1k
    return Caller(analyzer, circuit, threads, cost_per_1k, of.now, of.sleep, of.monotonic)


def _admission_control(of: Parts, analyzer: Analyzer) -> AdmissionControl:
    """Return the admission control of the calls."""
    from grok_insights.analysis.admission import AdmissionControl
    from grok_insights.aws.state.circuit_breaker import CircuitBreaker, CircuitLimits
    from grok_insights.aws.write_check import WriteCheck

    settings = of.settings
    limits = CircuitLimits(
        settings.circuit_breaker_failure_threshold,
        settings.circuit_breaker_recovery_seconds,
        analyzer.longest_call_seconds,
    )
    circuit = CircuitBreaker(of.dynamodb, settings.state_table, limits, of.now, of.lock)
    return AdmissionControl(
        pauses=of.pauses,
        spending=of.spending,
        timetable=of.timetable,
        circuit=circuit,
        write_check=WriteCheck(of.dynamodb, settings.insights_table, settings.trends_table),
        limits=of.pause_limits,
        usd_per_1k=settings.grok_cost_per_1k,
        overhead_tokens=analyzer.overhead_tokens,
        credits_retry_seconds=settings.credits_retry_seconds,
        longest_call_seconds=analyzer.longest_call_seconds,
        now=of.now,
    )


def with_redaction(analyzer: Analyzer, settings: Settings) -> Analyzer:
    """Return the analyzer, with redaction of its prompts if that is set."""
    from grok_insights.grok.redacting import Redacting

    return Redacting(analyzer) if settings.redact_pii else analyzer


def grok(settings: Settings) -> Analyzer:
    """Return the analyzer of the mode that is set."""
    if settings.grok_mode is GrokMode.REAL:
        return real_grok(settings)
    from grok_insights.grok.mock import MockGrok

    return MockGrok(settings.grok_mock_max_latency_seconds)


def real_grok(settings: Settings, transport: BaseTransport | None = None) -> RealGrok:
    """Return the analyzer that calls Grok. Without a key, each call raises an error.

    ``transport`` replaces the connections to Grok.
    """
    from grok_insights.aws.secret import LONGEST_READ_SECONDS, Secret
    from grok_insights.grok.key import NO_KEY_MESSAGE, given_key
    from grok_insights.grok.real import RealGrok, new_client
    from grok_insights.grok.request import RequestForm

    if settings.lacks_grok_api_key:
        logger.error(NO_KEY_MESSAGE)
    client, deadline = new_client(
        settings.grok_api_base_url, settings.grok_timeout_seconds, transport=transport
    )
    secret = Secret(
        cache(clients.ssm),
        settings.grok_api_key_parameter,
        longest_read_seconds=min(LONGEST_READ_SECONDS, settings.grok_timeout_seconds),
    )
    key = given_key(settings.grok_api_key)
    return RealGrok(
        client=client,
        deadline=deadline,
        form=RequestForm(settings.grok_model, settings.grok_system_prompt),
        key=secret if settings.grok_api_key_parameter else key,
        forget_key=secret.forget,
        usd_per_1k=settings.grok_cost_per_1k,
        longest_call_seconds=settings.grok_timeout_seconds,
    )

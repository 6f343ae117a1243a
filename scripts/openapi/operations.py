"""The texts of each operation in the description: words, responses, examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from grok_insights.bodies.alerts import AlertRulesBody, AlertsBody, StoredRuleBody
from grok_insights.bodies.conversations import (
    AcceptedBody,
    BulkAcceptedBody,
    ConversationBody,
    WaitingBody,
)
from grok_insights.bodies.health import HealthBody
from grok_insights.bodies.insights import InsightBody, PageBody, PreviewBody
from grok_insights.bodies.jobs import JobBody, JobsBody, StartedJobBody, UploadBody
from grok_insights.bodies.movers import ChangesBody
from grok_insights.bodies.overview import OverviewBody
from grok_insights.bodies.profile import ProposalsBody, VersionsBody
from grok_insights.bodies.trends import TrendsBody
from grok_insights.bodies.versions import InsightVersionsBody
from grok_insights.domain.profile import Profile
from scripts.openapi import examples

Security = list[dict[str, list[str]]]
KEYED: Final[Security] = [{"ApiKey": []}]
OPEN: Final[Security] = []

TAGS: Final = {
    "Conversations": "Send conversations, read them back, and delete them.",
    "Insights": "Read what the analysis says of conversations, one by one and in total.",
    "Profile": "Change what is asked about each conversation.",
    "Alerts": "Be told when a topic, a field, a segment or a sentiment comes up too often.",
    "Jobs": "Upload files, and import them by jobs.",
    "Operations": "See whether the service works, and measure it.",
}


@dataclass(frozen=True)
class SuccessResponse:
    """One response: its meaning, the type and an example of its body, and its headers."""

    meaning: str
    body: type | None = None
    example: Any = None
    headers: tuple[str, ...] = ()
    media_type: str = "application/json"


@dataclass(frozen=True)
class Operation:
    """Texts and responses of one operation. ``refusals`` are the errors that it returns."""

    identity: str
    tag: str
    description: str
    responses: dict[int, SuccessResponse]
    refusals: tuple[int, ...]
    security: Security = field(default_factory=lambda: KEYED)
    body_example: Any = None
    example_id: str | int = examples.FIRST_SAMPLE
    example_external_id: str = examples.FIRST_NAME
    needs_if_match: bool = False


READING: Final = (403, 422, 429, 500, 503)
SENDING: Final = (400, 403, 413, 415, 422, 429, 500, 503)

FOUND: Final = ("ETag", "Cache-Control")
PLACED: Final = ("ETag", "Location")
UNCHANGED: Final = SuccessResponse(
    "Not changed since the response with the ETag of `If-None-Match`."
)
ONE_INSIGHT: Final = {
    200: SuccessResponse("The insight.", InsightBody, examples.INSIGHT, FOUND),
    202: SuccessResponse(
        "The conversation waits to be analysed.", WaitingBody, examples.WAITING, ("Retry-After",)
    ),
    304: UNCHANGED,
}
ONE_CONVERSATION: Final = {
    200: SuccessResponse("The conversation.", ConversationBody, examples.CONVERSATION, FOUND),
    304: UNCHANGED,
}

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/api/v1/conversations"): Operation(
        "addConversation",
        "Conversations",
        "The conversation is stored and will be analysed. It is sent as one `text`, or as "
        "`messages` of known speakers. The same `external_id` with the same text or messages is "
        "the same conversation, however often it is sent, and its first `occurred_at` and "
        "metadata stand; with other content it is a conflict.",
        {
            202: SuccessResponse(
                "The conversation is stored.", AcceptedBody, examples.WAITING, ("Location",)
            )
        },
        (*SENDING, 409),
        body_example=examples.NEW_CONVERSATION,
    ),
    ("post", "/api/v1/conversations/bulk"): Operation(
        "addConversations",
        "Conversations",
        "Each conversation is checked on its own: one that is not valid is rejected in its own "
        "result, and the others are accepted.",
        {
            202: SuccessResponse(
                "The result of each conversation, in the order of the request.",
                BulkAcceptedBody,
                examples.BULK,
            )
        },
        SENDING,
        body_example=examples.NEW_CONVERSATIONS,
    ),
    ("post", "/api/v1/conversations/{conversation_id}/retry"): Operation(
        "retryConversation",
        "Conversations",
        "The failed insight stays until there is a new one. If the analysis has not failed, the "
        "response is 409.",
        {202: SuccessResponse("It waits to be analysed.", AcceptedBody, examples.WAITING)},
        (*READING, 404, 409),
        example_id=examples.FAILED_SAMPLE,
    ),
    ("get", "/api/v1/conversations/{conversation_id}"): Operation(
        "getConversation",
        "Conversations",
        "The text or the messages, and the metadata, are returned as they were sent.",
        ONE_CONVERSATION,
        (*READING, 404),
    ),
    ("get", "/api/v1/conversations"): Operation(
        "getConversationByExternalId",
        "Conversations",
        "The same as `/api/v1/conversations/{conversation_id}`, by the client's own name.",
        ONE_CONVERSATION,
        (*READING, 404),
    ),
    ("delete", "/api/v1/conversations"): Operation(
        "deleteConversationByExternalId",
        "Conversations",
        "The text, the insight and the counts are deleted together. This cannot be undone.",
        {204: SuccessResponse("The conversation is deleted.")},
        (*READING, 404),
        example_external_id=examples.LAST_NAME,
    ),
    ("delete", "/api/v1/conversations/{conversation_id}"): Operation(
        "deleteConversation",
        "Conversations",
        "The text, the insight and the counts are deleted together. This cannot be undone.",
        {204: SuccessResponse("The conversation is deleted.")},
        (*READING, 404),
        example_id=examples.LAST_SAMPLE,
    ),
    ("get", "/api/v1/insights"): Operation(
        "listInsights",
        "Insights",
        "All filters can be used together. `field.NAME=…` and `segment.NAME=…` select by the "
        "fields and segments of the profile. A page reads a bounded number of insights: where few "
        "match, it can be short or empty and still have a `next_cursor`. A cursor is good for the "
        "query that returned it, with any `limit`, and for no other query.",
        {200: SuccessResponse("A page.", PageBody, examples.PAGE, FOUND), 304: UNCHANGED},
        (*READING, 400),
    ),
    ("get", "/api/v1/insights/trends"): Operation(
        "getTrends",
        "Insights",
        "`from` and `to` are widened to whole hours or days. They can be 366 days apart by hour, "
        "and 800 by day. The default is the last 24 hours by hour, and the last 30 days by day. "
        "`by` selects what `labels` count. `verify` counts the insights again, and compares.",
        {200: SuccessResponse("The counters.", TrendsBody, examples.TRENDS, FOUND), 304: UNCHANGED},
        READING,
    ),
    ("get", "/api/v1/insights/movers"): Operation(
        "getMovers",
        "Insights",
        "Each label is compared with the period before, by its share of the completed "
        "conversations. `significant` accounts for volume and for the number of labels. Of a "
        "period that is not over, the hours or days that are over are compared with the same ones "
        "of the period before. Topics of up to 31 days are compared by whole hours, and all others "
        "by whole days. The default is the last 7 days, and the longest period is 400 days.",
        {
            200: SuccessResponse("The labels.", ChangesBody, examples.MOVERS, FOUND),
            304: UNCHANGED,
        },
        READING,
    ),
    ("get", "/api/v1/overview"): Operation(
        "getOverview",
        "Insights",
        "The filters are those of `/api/v1/insights`. `from` and `to` are widened to whole hours "
        "or days, also for the page of insights, and can be 8 days apart by hour and 400 by day. "
        "The default is the last 7 days. Counters know one label with its sentiment: `counted` "
        "names the one that the counts are filtered by, and `matches` is null where filters are "
        "combined that no counter knows. Fields and segments are left out of ranges over 100 days.",
        {
            200: SuccessResponse("The overview.", OverviewBody, examples.OVERVIEW, FOUND),
            304: UNCHANGED,
        },
        READING,
    ),
    ("get", "/api/v1/insights/{conversation_id}"): Operation(
        "getInsight",
        "Insights",
        "A conversation and its insight have the same id.",
        ONE_INSIGHT,
        (*READING, 404),
    ),
    ("get", "/api/v1/insights/conversation/{conversation_id}"): Operation(
        "getInsightOfConversation",
        "Insights",
        "The same as `/api/v1/insights/{conversation_id}`.",
        ONE_INSIGHT,
        (*READING, 404),
    ),
    ("get", "/api/v1/insights/{conversation_id}/versions"): Operation(
        "listInsightVersions",
        "Insights",
        "The present insight, and at most 5 that jobs have replaced, newest first. They are "
        "deleted together with the conversation. `diff` compares two of them: `from` and `to` are "
        "revisions.",
        {
            200: SuccessResponse(
                "The versions.", InsightVersionsBody, examples.INSIGHT_VERSIONS, FOUND
            ),
            304: UNCHANGED,
        },
        (*READING, 404),
    ),
    ("get", "/api/v1/profile"): Operation(
        "getProfile",
        "Profile",
        "What is asked about each conversation. Version 1 is the built-in profile.",
        {200: SuccessResponse("The profile.", Profile, examples.BUILT_IN, FOUND), 304: UNCHANGED},
        READING,
    ),
    ("put", "/api/v1/profile"): Operation(
        "putProfile",
        "Profile",
        "The version is a draft until it is activated. `If-Match` has the ETag of the newest "
        "version, so that nobody overwrites the work of another person. A body like the newest "
        "version stores nothing.",
        {
            200: SuccessResponse(
                "The newest version is like the body.", Profile, examples.PROFILE, PLACED
            ),
            201: SuccessResponse("The version is stored.", Profile, examples.PROFILE, PLACED),
        },
        (*SENDING, 412, 428),
        body_example=examples.NEW_PROFILE,
        needs_if_match=True,
    ),
    ("get", "/api/v1/profile/versions"): Operation(
        "listProfileVersions",
        "Profile",
        "Newest first. `before` returns older ones: the `next_before` of the page before.",
        {200: SuccessResponse("A page.", VersionsBody, examples.VERSIONS, FOUND), 304: UNCHANGED},
        READING,
    ),
    ("get", "/api/v1/profile/versions/{version}"): Operation(
        "getProfileVersion",
        "Profile",
        "A version never changes.",
        {200: SuccessResponse("The version.", Profile, examples.BUILT_IN, FOUND), 304: UNCHANGED},
        (*READING, 404),
        example_id=1,
    ),
    ("post", "/api/v1/profile/versions/{version}/activate"): Operation(
        "activateProfileVersion",
        "Profile",
        "Conversations are analysed with it from now on: with a newer or an older version. "
        "`If-Match` has the ETag of the active version.",
        {200: SuccessResponse("The version is active.", Profile, examples.BUILT_IN, ("ETag",))},
        (*READING, 404, 412, 428),
        example_id=1,
        needs_if_match=True,
    ),
    ("post", "/api/v1/profile/preview"): Operation(
        "previewProfile",
        "Profile",
        "Analyses a conversation with a profile before it is saved. Neither is stored, and nothing "
        "is counted in trends. It is a call to Grok like any other: it is paid for, and within the "
        "pace and the budget. New conversations go first, and have the last fifth of the budget. "
        "An analysis without a usable answer has the status `failed`, with its reason.",
        {200: SuccessResponse("The analysis.", PreviewBody, examples.PREVIEW, ("Cache-Control",))},
        SENDING,
        body_example=examples.NEW_PREVIEW,
    ),
    ("get", "/api/v1/profile/proposals"): Operation(
        "listProposedTopics",
        "Profile",
        "Where topics are closed, Grok can propose one new name for each conversation. Those that "
        "the active profile does not know are listed, the most frequent first.",
        {
            200: SuccessResponse("The topics.", ProposalsBody, examples.PROPOSALS, FOUND),
            304: UNCHANGED,
        },
        READING,
    ),
    ("delete", "/api/v1/profile/proposals/{topic}"): Operation(
        "dismissProposedTopic",
        "Profile",
        "It is counted from 0 if Grok proposes it again.",
        {204: SuccessResponse("The proposed topic is removed.")},
        (*READING, 404),
        example_id="broken_lid",
    ),
    ("get", "/api/v1/alerts"): Operation(
        "listAlerts",
        "Alerts",
        "All alerts that have not ended, and the newest 50 that have. The rules are evaluated each "
        "minute.",
        {
            200: SuccessResponse("Alerts, newest first.", AlertsBody, examples.ALERTS, FOUND),
            304: UNCHANGED,
        },
        READING,
    ),
    ("get", "/api/v1/alerts/rules"): Operation(
        "listAlertRules",
        "Alerts",
        "In the order of their names, with all defaults filled in.",
        {
            200: SuccessResponse("The rules.", AlertRulesBody, examples.ALERT_RULES, FOUND),
            304: UNCHANGED,
        },
        READING,
    ),
    ("post", "/api/v1/alerts/rules"): Operation(
        "addAlertRule",
        "Alerts",
        "A rule is breached if a label comes up more often than `above` in the present hour or day "
        "of UTC. There can be 50 rules. To change one, delete it and add it again.",
        {
            200: SuccessResponse("The same rule exists.", StoredRuleBody, examples.ALERT_RULE),
            201: SuccessResponse("The rule is added.", StoredRuleBody, examples.ALERT_RULE),
        },
        (*SENDING, 409),
        body_example=examples.NEW_ALERT_RULE,
    ),
    ("delete", "/api/v1/alerts/rules/{name}"): Operation(
        "removeAlertRule",
        "Alerts",
        "If the rule is breached, its alert ends.",
        {204: SuccessResponse("The rule is removed.")},
        (*READING, 404),
        example_id="many-refunds",
    ),
    ("post", "/api/v1/uploads"): Operation(
        "beginUpload",
        "Jobs",
        "Each part in `missing` is sent to its `url` with PUT and exactly its `size`. An upload "
        "starts no job and costs no tokens. Files are deleted after 7 days.",
        {201: SuccessResponse("The upload.", UploadBody, examples.UPLOAD, ("Location",))},
        SENDING,
        body_example=examples.NEW_UPLOAD,
    ),
    ("get", "/api/v1/uploads/{upload_id}"): Operation(
        "getUpload",
        "Jobs",
        "Returns new addresses for at most 100 parts that have not been sent. An interrupted "
        "upload goes on with them.",
        {200: SuccessResponse("The upload.", UploadBody, examples.UPLOAD, ("Cache-Control",))},
        (*READING, 404),
        example_id=examples.UPLOAD_ID,
    ),
    ("post", "/api/v1/jobs"): Operation(
        "startJob",
        "Jobs",
        "An import reads the file, checks its lines, and sends them to the analysis as the bulk "
        "route does. It waits while the queue is full or the analysis is paused. A re-analysis "
        "analyses stored conversations again, with the active profile: all of them, those of a "
        "`filter`, or the one of its `conversation_id`. A remap maps their topics and segments by "
        "the active profile, without calling Grok. An export writes insights to a file. With "
        "`dry_run` a job only counts.",
        {202: SuccessResponse("The job.", StartedJobBody, examples.STARTED_JOB, ("Location",))},
        (*SENDING, 404, 409),
        body_example=examples.NEW_JOB,
    ),
    ("get", "/api/v1/jobs"): Operation(
        "listJobs",
        "Jobs",
        "The newest 100 jobs can be listed. Their progress is that of their last round.",
        {200: SuccessResponse("Jobs.", JobsBody, examples.JOBS, ("Cache-Control",))},
        READING,
    ),
    ("get", "/api/v1/jobs/{job_id}"): Operation(
        "getJob",
        "Jobs",
        "Progress, counts, rate, estimates and errors. `rejected_file` lists rejected lines with "
        "their number and the reason. `export_file` is the file of an export.",
        {200: SuccessResponse("The job.", JobBody, examples.JOB, ("Cache-Control",))},
        (*READING, 404),
        example_id=examples.JOB_ID,
    ),
    ("post", "/api/v1/jobs/{job_id}/cancel"): Operation(
        "cancelJob",
        "Jobs",
        "Lines that were accepted before stay accepted.",
        {202: SuccessResponse("The job.", StartedJobBody)},
        (*READING, 404, 409),
        example_id=examples.JOB_ID,
    ),
    ("post", "/api/v1/jobs/{job_id}/start"): Operation(
        "startJobAgain",
        "Jobs",
        "Only a job that failed or was cancelled. It goes on where it stopped.",
        {202: SuccessResponse("The job.", StartedJobBody)},
        (*READING, 404, 409),
        example_id=examples.JOB_ID,
    ),
    ("get", "/health"): Operation(
        "getHealth",
        "Operations",
        "The status of the worker, the circuit breaker, the queue and the database. It is at most "
        "two seconds old.",
        {
            200: SuccessResponse(
                "Conversations are analysed, or paused on purpose.", HealthBody, examples.HEALTH
            ),
            503: SuccessResponse("Something that the service needs is down.", HealthBody),
        },
        (422, 500),
        OPEN,
    ),
    ("get", "/metrics"): Operation(
        "getMetrics",
        "Operations",
        "The key is sent as `x-api-key`, or as a bearer token as Prometheus sends it.",
        {200: SuccessResponse("The metrics.", media_type="text/plain")},
        (401, 422, 500, 503),
        [{"ApiKey": []}, {"Bearer": []}],
    ),
}

REFUSALS: Final[Mapping[int, tuple[str, tuple[str, ...]]]] = {
    400: ("The body is not JSON, or the cursor does not belong to the query.", ()),
    401: ("The key is missing or wrong.", ("WWW-Authenticate",)),
    403: ("The key is missing or wrong.", ()),
    404: ("There is nothing under this address.", ()),
    409: (
        "The request conflicts with what is stored: an `external_id` with other content, a job "
        "in another state, or another rule of this name.",
        (),
    ),
    412: ("The profile is not the one that `If-Match` names.", ()),
    413: ("The body has more than 4,500,000 bytes.", ()),
    415: ("The body is not uncompressed `application/json` in UTF-8.", ()),
    422: ("The request can be read, and fields of it are not acceptable.", ()),
    428: ("`If-Match` is missing.", ()),
    429: ("The client sent too many requests.", ("Retry-After",)),
    500: ("The service failed.", ()),
    503: ("The service cannot take the request now, and will later.", ("Retry-After",)),
}


def title(status: int) -> str:
    """Return the title of a problem with this status."""
    return "Unprocessable Content" if status == 422 else HTTPStatus(status).phrase


HEADERS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "Location": ("The address of what was made, relative to this one.", {"type": "string"}),
    "Retry-After": ("Seconds to wait.", {"type": "integer", "minimum": 0}),
    "ETag": ("Identifies the content of the response.", {"type": "string"}),
    "Cache-Control": ("How long the response may be kept.", {"type": "string"}),
    "WWW-Authenticate": ("The scheme that a key can be sent by.", {"type": "string"}),
    "RateLimit-Limit": ("Requests in a window.", {"type": "integer"}),
    "RateLimit-Remaining": ("Requests left in this window.", {"type": "integer"}),
    "RateLimit-Reset": ("Seconds until the window ends.", {"type": "integer"}),
}
RATE: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

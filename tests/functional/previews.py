"""Lambda as the ingest function sees it: an invocation runs the analysis function's code here."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from functions.analysis import app
from grok_insights import wiring
from grok_insights.aws import clients
from grok_insights.grok.analyzer import Analyzer
from grok_insights.wiring import Parts
from tests.builders import LambdaContext


@dataclass
class Invocations:
    """A client of Lambda. ``failure`` or ``response`` replaces what the function returns."""

    parts: Parts
    analyzer: Analyzer | None = None
    failure: Exception | None = None
    response: tuple[int, dict[str, Any]] | None = None
    count: int = 0
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.analysis = wiring.preview(self.parts, self.analyzer)
        self.client = clients.lambda_.__wrapped__()
        self.client.meta.events.register("before-call.lambda.Invoke", self._invoke)

    def _invoke(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        self.count += 1
        if self.failure is not None:
            raise self.failure
        status, parsed = self.response or (200, self._run(json.loads(params["body"])))
        return AWSResponse("https://localhost", status, HTTPHeaders(), None), parsed

    def _run(self, event: dict[str, Any]) -> dict[str, Any]:
        body = app.preview(event["preview"], LambdaContext(), lambda: self.analysis)
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(body).encode())}

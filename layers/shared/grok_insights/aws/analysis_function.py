"""The analysis function, called by another function that waits for its response."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError, ReadTimeoutError

from grok_insights.aws.failures import AWS_FAILURES
from grok_insights.errors import Unavailable
from grok_insights.telemetry import logger

BUSY: Final = "TooManyRequestsException"
BUSY_RETRY_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class AnalysisFunction:
    """The function. ``client`` returns botocore's client of Lambda, which has no types here.

    The client must not repeat a request, since each one may be a paid call.
    """

    client: Callable[[], Any]
    name: str

    def preview(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the function's response to a preview.

        Raises
        ------
        Unavailable
            All its environments are busy, it took too long, or it failed.
        """
        payload = json.dumps({"preview": document})
        try:
            response = self.client().invoke(FunctionName=self.name, Payload=payload)
            body = response["Payload"].read()
        except ReadTimeoutError:
            raise Unavailable("the analysis took too long") from None
        except AWS_FAILURES as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == BUSY:
                raise Unavailable(
                    "the analysis is busy; try again", retry_after_seconds=BUSY_RETRY_SECONDS
                ) from None
            logger.exception("the analysis function could not be called")
            raise Unavailable("the analysis cannot be reached") from None
        if "FunctionError" in response:
            logger.error("the analysis function failed in a preview")
            raise Unavailable("the analysis failed")
        return dict(json.loads(body))

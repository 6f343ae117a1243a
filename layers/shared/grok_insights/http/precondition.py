"""The precondition of a change: ``If-Match`` names the state that the client has read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grok_insights.errors import PreconditionFailed, PreconditionRequired
from grok_insights.http.request import header
from grok_insights.http.response import names_etag

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent


class IfMatch:
    """The header ``If-Match`` of a request.

    Parameters
    ----------
    request : APIGatewayProxyEvent
        The request.

    Raises
    ------
    PreconditionRequired
        The request has no such header.
    """

    def __init__(self, request: APIGatewayProxyEvent) -> None:
        self._value = header(request, "if-match").strip()
        if not self._value:
            raise PreconditionRequired("If-Match must have the ETag of what is to be replaced")

    def __call__(self, current: str | None) -> None:
        """Check that the client has read the current document; None if that is damaged.

        Raises
        ------
        PreconditionFailed
            The header names neither its ETag nor ``*``.
        """
        if not (names_etag(self._value, current) if current is not None else self._value == "*"):
            raise PreconditionFailed("it has changed since the ETag of If-Match; read it again")

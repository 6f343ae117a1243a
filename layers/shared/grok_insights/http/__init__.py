"""Shared code for all routes: checks requests, and builds responses and errors."""

from grok_insights.http.cors import Cors
from grok_insights.http.handler import HttpHandler
from grok_insights.http.precondition import IfMatch
from grok_insights.http.rate_limiter import RateLimiter
from grok_insights.http.response import (
    etag,
    json_response,
    page,
    problem_body,
    redirect,
    text_response,
)
from grok_insights.http.router import Router

__all__ = [
    "Cors",
    "HttpHandler",
    "IfMatch",
    "RateLimiter",
    "Router",
    "etag",
    "json_response",
    "page",
    "problem_body",
    "redirect",
    "text_response",
]

"""The frame around every route: how requests are checked, how answers and errors are made."""

from grok_insights.http.handler import HttpHandler
from grok_insights.http.request import BY_ID
from grok_insights.http.response import json_response, page, problem_body, text_response
from grok_insights.http.router import Api

__all__ = ["BY_ID", "Api", "HttpHandler", "json_response", "page", "problem_body", "text_response"]

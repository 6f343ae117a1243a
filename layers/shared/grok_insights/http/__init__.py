"""The frame around every route: how requests are checked, how answers and errors are made."""

from grok_insights.http.answers import json_response, page, problem_body, text_response
from grok_insights.http.api import new_api
from grok_insights.http.door import Door

__all__ = ["Door", "json_response", "new_api", "page", "problem_body", "text_response"]

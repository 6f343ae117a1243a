"""The frame around every route: how requests are checked, how answers and errors are made."""

from grok_insights.http.answers import json_response, page, problem_body, text_response
from grok_insights.http.api import Api
from grok_insights.http.door import Door
from grok_insights.http.takes import BY_ID

__all__ = ["BY_ID", "Api", "Door", "json_response", "page", "problem_body", "text_response"]

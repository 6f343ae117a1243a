"""The API's description, made when it was built, and the page that shows it.

Powertools could make both when asked, at the cost of loading every model into every cold start.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler import openapi

from grok_insights.errors import NotFound
from grok_insights.http.answers import JSON, page, text_response

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import Response

SWAGGER_UI: Final = Path(openapi.__path__[0]) / "swagger_ui"
"""Powertools brings Swagger UI, so that no other site is asked for it. Its module is not imported:
that would build models which the page does not need."""

JAVASCRIPT: Final = "text/javascript; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"
A_DAY: Final = "public, max-age=86400"
ALWAYS_ASK: Final = "public, no-cache"

INLINE_STYLES: Final = "'unsafe-inline'"
"""Swagger UI sets styles on the elements that it makes."""


@dataclass(frozen=True)
class Described:
    """The description and the page in a function's folder."""

    folder: Path

    @cached_property
    def text(self) -> str:
        """The description in JSON."""
        return (self.folder / "openapi.json").read_text("utf-8")

    @cached_property
    def _methods(self) -> list[tuple[re.Pattern[str], frozenset[str]]]:
        """A pattern for each path; those without parameters first, for they win."""
        paths: dict[str, Any] = json.loads(self.text)["paths"]
        return [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path) + "/*"), frozenset(map(str.upper, found)))
            for path, found in sorted(paths.items(), key=lambda pair: pair[0].count("{"))
        ]

    def methods(self, path: str) -> frozenset[str]:
        """The methods that a path of the API has, whichever function answers them."""
        found = (methods for pattern, methods in self._methods if pattern.fullmatch(path))
        return next(found, frozenset())

    def openapi(self) -> Response[str]:
        """The description."""
        return text_response(JSON, self.text, cache=ALWAYS_ASK)

    def page(self, path: str) -> Response[str]:
        """Swagger UI, which a client asks for under a path."""
        html = (self.folder / "docs" / "index.html").read_text("utf-8")
        return page(html, path, styles=INLINE_STYLES)

    def file(self, name: str) -> Response[str]:
        """A file of the page.

        Raises
        ------
        NotFound
            The page has no such file.
        """
        files = {
            "start.js": (self.folder / "docs", JAVASCRIPT, ALWAYS_ASK),
            "swagger-ui-bundle.min.js": (SWAGGER_UI, JAVASCRIPT, A_DAY),
            "swagger-ui.min.css": (SWAGGER_UI, CSS, A_DAY),
        }
        if name not in files:
            raise NotFound("there is no such file")
        folder, media_type, cache = files[name]
        return text_response(media_type, (folder / name).read_text("utf-8"), cache=cache)

"""Static files: the web pages in a function's folder, and the description of the API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools.event_handler import openapi

from grok_insights.errors import NotFound
from grok_insights.http.request import JSON
from grok_insights.http.response import PUBLIC_REVALIDATED, page, text_response

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import Response

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types by suffix. Files with another suffix are not served."""

ONE_DAY: Final = "public, max-age=86400"


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """A folder with ``index.html`` and its files."""

    folder: Path

    def page(self, path: str, connects: str = "") -> Response[str]:
        """Return the page.

        Parameters
        ----------
        path : str
            The path of the request.
        connects : str
            Another origin that the page may call.
        """
        html = (self.folder / "index.html").read_text("utf-8")
        return page(html, path, connects=connects)

    def file(self, name: str) -> Response[str]:
        """Return a file of the page.

        Raises
        ------
        NotFound
            The page has no such file.
        """
        media_type = MEDIA_TYPES.get(Path(name).suffix)
        if media_type is None or name not in {path.name for path in self.folder.iterdir()}:
            raise NotFound("there is no such file")
        text = (self.folder / name).read_text("utf-8")
        return text_response(media_type, text, cache=PUBLIC_REVALIDATED)


SWAGGER_UI: Final = Path(openapi.__path__[0]) / "swagger_ui"
"""Swagger UI, which is part of Powertools, so that no other site is needed. Its module is not
imported, since that would build models which the page does not need."""

INLINE_STYLES: Final = "'unsafe-inline'"
"""Needed because Swagger UI sets styles on its elements."""


@dataclass(frozen=True)
class ApiDescription:
    """The description of the API, and its page, in a function's folder."""

    folder: Path

    @cached_property
    def text(self) -> str:
        """The description as JSON."""
        return (self.folder / "openapi.json").read_text("utf-8")

    def openapi(self) -> Response[str]:
        """Return the description."""
        return text_response(JSON, self.text, cache=PUBLIC_REVALIDATED)

    def page(self, path: str) -> Response[str]:
        """Return the page with Swagger UI. ``path`` is the path of the request."""
        html = (self.folder / "docs" / "index.html").read_text("utf-8")
        return page(html, path, styles=INLINE_STYLES)

    def file(self, name: str) -> Response[str]:
        """Return a file of the page.

        Raises
        ------
        NotFound
            The page has no such file.
        """
        files = {
            "start.js": (self.folder / "docs", MEDIA_TYPES[".js"], PUBLIC_REVALIDATED),
            "swagger-ui-bundle.min.js": (SWAGGER_UI, MEDIA_TYPES[".js"], ONE_DAY),
            "swagger-ui.min.css": (SWAGGER_UI, MEDIA_TYPES[".css"], ONE_DAY),
        }
        if name not in files:
            raise NotFound("there is no such file")
        folder, media_type, cache = files[name]
        return text_response(media_type, (folder / name).read_text("utf-8"), cache=cache)

"""A web page made of files in a function's folder, served as they are: no build, no other site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler import Response

from grok_insights.errors import NotFound
from grok_insights.http.answers import page, text_response

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types by suffix; files of any other kind are not served."""

FOREVER: Final = "public, max-age=31536000, immutable"
ALWAYS_ASK: Final = "public, no-cache"
"""A browser keeps the file, and asks by its ETag whether it is still the newest."""


@dataclass(frozen=True, slots=True)
class Site:
    """A folder with ``index.html`` and its files. ``versioned`` names bear their version."""

    folder: Path
    versioned: frozenset[str] = frozenset()

    def page(self, path: str) -> Response[str]:
        """The page itself, which a client asks for under a path."""
        return page((self.folder / "index.html").read_text("utf-8"), path)

    def file(self, name: str) -> Response[str]:
        """A file of the page.

        Raises
        ------
        NotFound
            The page has no such file.
        """
        media_type = MEDIA_TYPES.get(Path(name).suffix)
        if media_type is None or name not in {path.name for path in self.folder.iterdir()}:
            raise NotFound("there is no such file")
        cache = FOREVER if name in self.versioned else ALWAYS_ASK
        return text_response(media_type, (self.folder / name).read_text("utf-8"), cache=cache)

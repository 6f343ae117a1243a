"""The error of a file that cannot be imported."""

from __future__ import annotations

from typing import Final

from grok_insights.errors import GrokInsightsError

EMPTY: Final = "empty_file"
ENCODING: Final = "wrong_encoding"
COLUMN: Final = "no_text_column"
LINE: Final = "line_too_long"
FORMAT: Final = "wrong_format"
GZIP: Final = "gzip_too_large"


class FileFault(GrokInsightsError):
    """A file cannot be imported. The message contains nothing of the file.

    Parameters
    ----------
    code : str
        What is wrong, for programs.
    message : str
        The same in a sentence, with what to do about it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

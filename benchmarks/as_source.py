"""Importing this has the layer compiled at every start, as Lambda must where it is but source.

What the runtime brings along, Python itself and boto3, stays compiled.
"""

from __future__ import annotations

import importlib._bootstrap_external as loader
import sys
from typing import Any, Final

RUNTIMES: Final = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
_compiled_at: Final = loader.cache_from_source


def _cache_from_source(path: str, *arguments: Any, **options: Any) -> str:
    """Where compiled code is. An error, to Python, says that there is none, and can be none."""
    _, is_package, name = path.rpartition("/site-packages/")
    if is_package and name.partition("/")[0].removesuffix(".py") not in RUNTIMES:
        raise NotImplementedError
    if "/grok_insights/" in path:
        raise NotImplementedError
    return str(_compiled_at(path, *arguments, **options))


loader.cache_from_source = _cache_from_source  # type: ignore[assignment]
sys.dont_write_bytecode = True

"""Make Python compile the layer at every start, as Lambda does when the layer contains only source.

Python itself and boto3 belong to the runtime and stay compiled.
"""

from __future__ import annotations

import importlib._bootstrap_external as loader
import sys
from typing import Any, Final

RUNTIMES: Final = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
_compiled_at: Final = loader.cache_from_source


def _cache_from_source(path: str, *arguments: Any, **options: Any) -> str:
    """Return the path of a compiled file; NotImplementedError tells Python that there is none."""
    _, is_package, name = path.rpartition("/site-packages/")
    if is_package and name.partition("/")[0].removesuffix(".py") not in RUNTIMES:
        raise NotImplementedError
    if "/grok_insights/" in path:
        raise NotImplementedError
    return str(_compiled_at(path, *arguments, **options))


loader.cache_from_source = _cache_from_source  # type: ignore[assignment]
sys.dont_write_bytecode = True

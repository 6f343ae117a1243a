"""Configure uv, which does not read pip's configuration, with the registry that pip would use."""

import ast
from collections.abc import Mapping

_UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
    "cert": "SSL_CERT_FILE",
}
_COMMA_SEPARATED = {"UV_FIND_LINKS"}


def uv_settings(pip_config: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Translate the output of `pip config list`; settings of uv in `environ` have priority."""
    found = dict(_translated(line) for line in pip_config.splitlines() if "=" in line)
    settings = {name: value for name, value in found.items() if name and name not in environ}
    if "UV_INDEX" in settings:
        # pip uses the best version of all indexes; by default, uv uses that of the first.
        settings.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return settings


def _translated(line: str) -> tuple[str, str]:
    key, _, literal = line.partition("=")
    name = _UV_NAMES.get(key.rpartition(".")[2], "")
    separator = "," if name in _COMMA_SEPARATED else " "
    return name, separator.join(str(ast.literal_eval(literal)).split())

"""Keep the user's AWS account out: processes get only the emulator and fictional credentials."""

import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from scripts.local.errors import LocalStackError

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

_DROPPED_PREFIXES = ("AWS_", "SAM_", "__SAM_", "GROK_", "PYTHON")
_PASSED_TO_EMULATOR = ("HOME", "LANG", "LC_ALL", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_FAR_FUTURE = 4102444800.0  # 2100-01-01


def tool_environment(
    environ: Mapping[str, str], endpoint_url: str, folder: Path, programs: Path
) -> dict[str, str]:
    """Return the environment of `sam`: the user's, with AWS settings of the emulator."""
    kept = {k: v for k, v in environ.items() if not k.startswith(_DROPPED_PREFIXES)}
    return {
        **kept,
        **_aws_settings(endpoint_url),
        **_no_proxy(environ, endpoint_url),
        "PATH": f"{programs}:{environ.get('PATH', '')}",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.1",
        "__SAM_CLI_APP_DIR": str(_sam_folder(folder)),
    }


def emulator_environment(
    environ: Mapping[str, str], endpoint_url: str, programs: Path
) -> dict[str, str]:
    """Return the environment of the emulator.

    Functions inherit it, so it is a list of allowed names.
    """
    kept = {k: v for k, v in environ.items() if k in _PASSED_TO_EMULATOR + _PROXIES}
    return {
        **kept,
        **_aws_settings(endpoint_url),
        **_no_proxy(environ, endpoint_url),
        "PATH": f"{programs}:{environ.get('PATH', '')}",
        "TZ": "UTC",
    }


def require_local(endpoint_url: str, host: str) -> None:
    """Refuse an endpoint that is not the emulator on this machine.

    It is the last check before deploying.
    """
    hostname = urlsplit(endpoint_url).hostname or ""
    if hostname != host or not ipaddress.ip_address(hostname).is_private:
        raise LocalStackError(f"Refusing to deploy to {endpoint_url}, which is not this machine.")


def _aws_settings(endpoint_url: str) -> dict[str, str]:
    return {
        **CREDENTIALS,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint_url,
    }


def _no_proxy(environ: Mapping[str, str], endpoint_url: str) -> dict[str, str]:
    hosts = [environ.get("NO_PROXY", environ.get("no_proxy", "")), "localhost", "127.0.0.1"]
    value = ",".join(filter(None, [*hosts, urlsplit(endpoint_url).hostname]))
    return {"NO_PROXY": value, "no_proxy": value}


def _sam_folder(folder: Path) -> Path:
    """Keep SAM's own settings out of the home folder, and turn its weekly update check off."""
    sam = folder / "sam"
    sam.mkdir(parents=True, exist_ok=True)
    metadata = {"telemetryEnabled": False, "lastVersionCheck": _FAR_FUTURE}
    (sam / "metadata.json").write_text(json.dumps(metadata))
    return sam

"""Store a profile and activate it: ``make profile FILE=profiles/support.json [ENV=staging]``.

With ``ENV`` the command uses that environment's stack in the current AWS account, else the stack of
``API_URL`` and ``API_KEY``, as the local stack's ``stack.env`` sets them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from scripts.environments import UnusableError, aws_session, environment, outputs

PROFILE: Final = "/api/v1/profile"
TIMEOUT_SECONDS: Final = 30.0

Json = dict[str, Any]


def read_profile(path: Path) -> Json:
    """Return the profile of a file.

    Raises
    ------
    UnusableError
        The file cannot be read, or is not a JSON object.
    """
    try:
        profile = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UnusableError(f"{path} is not JSON in UTF-8.") from None
    if not isinstance(profile, dict):
        raise UnusableError(f"{path} is not a JSON object.")
    return profile


def put_profile(client: httpx.Client, profile: Mapping[str, Any]) -> int:
    """Store a profile after the newest version, activate it, and return its version.

    Raises
    ------
    UnusableError
        The API refused it or was not reached. The message names what is wrong.
    """
    newest = _sent(client, "GET", f"{PROFILE}/versions", params={"limit": 1}).json()["items"]
    # Only a damaged version is missing in the list, and any version may replace it.
    tag = "*"
    if newest:
        path = f"{PROFILE}/versions/{newest[0]['version']}"
        tag = _sent(client, "GET", path).headers["ETag"]
    response = _sent(
        client,
        "PUT",
        PROFILE,
        params={"activate": "true"},
        json=profile,
        headers={"If-Match": tag},
    )
    return int(response.json()["version"])


def _sent(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    try:
        response = client.request(method, path, **request)
    except httpx.TransportError as error:
        raise UnusableError(f"{method} {path} got no response: {error}") from None
    if not response.is_success:
        raise UnusableError(_refusal(response))
    return response


def _refusal(response: httpx.Response) -> str:
    """Return the problem of a response: its detail, and a line for each fault."""
    try:
        problem = response.json()
        faults = [f"  {one['location']}: {one['message']}" for one in problem.get("errors", [])]
        return "\n".join([f"{response.status_code}: {problem['detail']}", *faults])
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"The API responds with {response.status_code}."


def _address(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the URL and the key of the stack."""
    if environ.get("ENV"):
        session = aws_session(environ)
        found = outputs(session.client("cloudformation"), environment(environ["ENV"]).stack_name)
        gateway = session.client("apigateway")
        key = gateway.get_api_key(apiKey=found["ApiKeyId"], includeValue=True)
        return found["ApiUrl"], key["value"]
    url, key_value = environ.get("API_URL"), environ.get("API_KEY")
    if not url or not key_value:
        raise UnusableError("Which stack? Set ENV=dev, staging or prod, or start one with make up.")
    return url, key_value


def _put(arguments: list[str], environ: Mapping[str, str]) -> int:
    if len(arguments) != 1 or not arguments[0]:
        raise UnusableError("usage: make profile FILE=profiles/support.json [ENV=staging]")
    profile = read_profile(Path(arguments[0]))
    url, key = _address(environ)
    headers = {"x-api-key": key}
    with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS) as client:
        return put_profile(client, profile)


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the command; print a failure as a sentence and return exit status 1."""
    try:
        version = _put(arguments, environ)
    except UnusableError as error:
        print(error)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused or was not reached: {error}")
        return 1
    print(f"Version {version} of the profile is active.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

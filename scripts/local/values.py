"""The parameter values of a local stack, checked before anything starts or changes."""

import os
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from scripts import settings_check
from scripts.local import emulator, parameters, sam
from scripts.local.aws import EmulatorSession
from scripts.local.errors import LocalStackError
from scripts.local.files import LocalFiles
from scripts.local.options import Options
from scripts.template import Template

API_KEY_PARAMETER = "/grok-insights/local/grok-api-key"
"""Name in the emulator's Parameter Store under which Grok's key is stored."""

_MOST_PROCESSES = 10


def checked_values(options: Options, template: Template, files: LocalFiles) -> dict[str, str]:
    """Return the value of each parameter.

    All parameters are passed, because an omitted parameter keeps its value of the previous
    deployment.

    Raises
    ------
    LocalStackError
        A value is wrong, real mode has no key, or a webhook has no secret.
    """
    values = _values(options, template, has_key=has_grok_api_key(options, files))
    spelled = parameters.spelled(options.settings.keys(), template)
    found = settings_check.faults(template, values, spelled)
    if found:
        raise LocalStackError(found)
    if settings_check.lacks_grok_api_key(template, values):
        raise LocalStackError("GROK_MODE is real, and there is no key for Grok: set GROK_API_KEY.")
    if values.get("WebhookUrl") and not values.get("WebhookSecret"):
        raise LocalStackError("WEBHOOK_URL needs WEBHOOK_SECRET, by which its receiver knows you.")
    return values


def has_grok_api_key(options: Options, files: LocalFiles) -> bool:
    """Return whether this command sets Grok's key, or an earlier one stored it in the emulator."""
    if options.grok_api_key:
        return True
    present = emulator.running(files)
    if present is None or not present.suits(options):
        return False
    ssm = EmulatorSession(options.endpoint_url).ssm()
    try:
        found = ssm.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Values": [API_KEY_PARAMETER]}]
        )
    except (BotoCoreError, ClientError) as error:
        raise LocalStackError(f"The emulator refused a request: {error}") from error
    return bool(found["Parameters"])


def _values(options: Options, template: Template, *, has_key: bool) -> dict[str, str]:
    """Return the template's defaults, overridden by the machine, the settings and fixed values."""
    cores = min(max(os.cpu_count() or 2, 2), _MOST_PROCESSES)
    suiting = {"AnalysisConcurrency": str(cores)}
    decided = {"PythonRuntime": sam.RUNTIME, "AwsEndpointUrl": options.endpoint_url}
    if has_key:
        decided["GrokApiKeyParameter"] = API_KEY_PARAMETER
    chosen = parameters.from_settings(options.settings, template.parameters)
    wanted: Mapping[str, str] = {**template.defaults, **suiting, **chosen, **decided}
    return {name: value for name, value in wanted.items() if name in template.parameters}

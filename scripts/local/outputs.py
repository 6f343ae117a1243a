"""The outputs of a deployed stack (URLs, key and names), and the file that exports them."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from scripts.local.aws import EmulatorSession
from scripts.local.emulator import Emulator
from scripts.local.isolation import CREDENTIALS, REGION
from scripts.local.options import Options


def stack_environment(options: Options, emulator: Emulator) -> dict[str, str]:
    """Return the outputs as variables: AnalysisQueueUrl is ANALYSIS_QUEUE_URL."""
    session = EmulatorSession(options.endpoint_url)
    outputs = _outputs(session, options.stack_name)
    key = session.apigateway().get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)
    named = {_variable_name(name): value for name, value in outputs.items()}
    api_url = emulated_api_url(options.endpoint_url, outputs)
    return named | {
        "API_URL": api_url,
        "DASHBOARD_URL": f"{api_url}/dashboard",
        "HEALTH_URL": f"{api_url}/health",
        "API_KEY": key["value"],
        "STACK_NAME": options.stack_name,
        "EMULATOR_PID": str(emulator.pid),
        "EMULATOR_PORT": str(options.port),
        "AWS_ENDPOINT_URL": options.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        **CREDENTIALS,
        "AWS_SESSION_TOKEN": "",
    }


def emulated_api_url(endpoint_url: str, outputs: Mapping[str, str]) -> str:
    """Return the API's address on an emulator; the address in the outputs exists only in AWS."""
    return f"{endpoint_url}/_aws/execute-api/{outputs['RestApiId']}/{outputs['StageName']}"


def write_shell_file(path: Path, environment: Mapping[str, str]) -> None:
    """Write exports for `. .local/stack.env`, which other commands may read meanwhile.

    Only the user can read it, since it contains the API key.
    """
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
    whole = path.with_suffix(".new")
    whole.touch(mode=0o600)
    whole.write_text("".join(lines))
    whole.replace(path)


def _outputs(session: EmulatorSession, stack_name: str) -> dict[str, str]:
    stack = session.cloudformation().describe_stacks(StackName=stack_name)["Stacks"][0]
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def _variable_name(output: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", output).upper()

"""`python -m scripts.deploy ENV` and `python -m scripts.deploy key ENV`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import boto3
import httpx
from botocore.exceptions import BotoCoreError, ClientError

from scripts.deploy import grok_key
from scripts.deploy.concurrency import check_concurrency
from scripts.deploy.plan import plan, require_clean_tree, require_valid, secrets
from scripts.deploy.sam import build_and_deploy, sam_environment
from scripts.environments import (
    CHECKOUT,
    Environment,
    UnusableError,
    aws_session,
    environment,
    outputs,
)
from scripts.health_check import NoHealthError, ask_health, why_unhealthy
from scripts.local.outputs import emulated_api_url
from scripts.sources import fingerprint
from scripts.template import read_template

HEALTH_SECONDS = 60.0


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run one command; print a failure as a sentence and return exit status 1."""
    try:
        if arguments[:1] == ["key"]:
            _rotate(environment("".join(arguments[1:])), environ)
        else:
            _deploy(environment("".join(arguments)), environ)
    except (UnusableError, NoHealthError) as error:
        print(error)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused or was not reached: {error}")
        return 1
    return 0


def _rotate(wanted: Environment, environ: Mapping[str, str]) -> None:
    ssm = aws_session(environ).client("ssm")
    name = grok_key.rotate(ssm, wanted, environ, grok_key.terminal())
    print(f"The new key is in {name}. The functions take it within minutes.")


def _deploy(wanted: Environment, environ: Mapping[str, str]) -> None:
    if wanted.name == "prod":
        require_clean_tree(CHECKOUT)
    template = read_template(CHECKOUT / "template.yaml")
    session = aws_session(environ)
    parameters, builder = plan(wanted, template, environ)
    require_valid(template, parameters)
    _prepare(wanted, {**template.defaults, **parameters}, session, environ)
    parameters["DeploymentId"] = fingerprint(CHECKOUT, *sorted(map(str, parameters.items())))
    parameters |= secrets(environ)
    build_and_deploy(wanted, parameters, builder, sam_environment(session, builder, environ))
    found = outputs(session.client("cloudformation"), wanted.stack_name)
    _require_health(found, environ)
    _show(found, wanted)


def _prepare(
    wanted: Environment,
    values: Mapping[str, str],
    session: boto3.Session,
    environ: Mapping[str, str],
) -> None:
    """Check what could still prevent the deployment, and store the key, which the stack needs."""
    account = session.client("sts").get_caller_identity()["Account"]
    print(f"{wanted.stack_name} goes to account {account}, {session.region_name}.")
    warning = check_concurrency(session.client("lambda"), values, _analysis(session, wanted))
    if warning:
        print(warning)
    if grok_key.ensure(session.client("ssm"), wanted, environ, grok_key.terminal()):
        print(f"Grok's key is in {wanted.parameters['GrokApiKeyParameter']} now.")


def _analysis(session: boto3.Session, wanted: Environment) -> str:
    """Return the name of the analysis function; empty if there is no stack yet."""
    try:
        found = outputs(session.client("cloudformation"), wanted.stack_name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return ""
    return found.get("AnalysisFunctionName", "")


def _require_health(found: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Report success only if the deployed function has responded."""
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    url = f"{emulated_api_url(endpoint, found)}/health" if endpoint else found["HealthUrl"]
    with httpx.Client(trust_env=not endpoint) as client:
        why = why_unhealthy(ask_health(client, url, HEALTH_SECONDS))
    print(
        f"! The stack is up, but /health says: {why}" if why else "✓ The stack is up and healthy."
    )


def _show(found: Mapping[str, str], wanted: Environment) -> None:
    print(
        "",
        f"API        {found['ApiUrl']}",
        f"Health     {found['HealthUrl']}",
        f"Dashboard  {found['DashboardUrl']}",
        f"Alarms     {found['AlarmTopicArn']}",
        "",
        "The API key's value:",
        f"  aws apigateway get-api-key --include-value --query value --output text"
        f" --api-key {found['ApiKeyId']}",
        f"Check it: make verify ENV={wanted.name}",
        f"Pause and resume: make pause ENV={wanted.name} REASON=…, make resume ENV={wanted.name}",
        sep="\n",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

"""boto3 clients of the emulator, which ignore the user's AWS profiles, files and variables."""

import os
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session as BotocoreSession
from mypy_boto3_apigateway import APIGatewayClient
from mypy_boto3_cloudformation import CloudFormationClient
from mypy_boto3_dynamodb import DynamoDBClient
from mypy_boto3_lambda import LambdaClient
from mypy_boto3_logs import CloudWatchLogsClient
from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient
from mypy_boto3_ssm import SSMClient

from scripts.local.isolation import CREDENTIALS, REGION

_DEAF = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class EmulatorSession:
    """Clients of one emulator, with administrator rights."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._config = Config(proxies={})
        self._session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=REGION,
            botocore_session=BotocoreSession(session_vars=_DEAF),
        )

    def client(self, service: Any) -> Any:
        """Return an untyped client of any other service."""
        return self._session.client(service, endpoint_url=self._endpoint_url, config=self._config)

    def apigateway(self) -> APIGatewayClient:
        """Return a client of API Gateway without boto3's validation: see `emulator_gaps`."""
        config = self._config.merge(Config(parameter_validation=False))
        return self._session.client("apigateway", endpoint_url=self._endpoint_url, config=config)

    def cloudformation(self) -> CloudFormationClient:
        """Return a client of CloudFormation."""
        return self._session.client(
            "cloudformation", endpoint_url=self._endpoint_url, config=self._config
        )

    def dynamodb(self) -> DynamoDBClient:
        """Return a client of DynamoDB."""
        return self._session.client(
            "dynamodb", endpoint_url=self._endpoint_url, config=self._config
        )

    def functions(self) -> LambdaClient:
        """Return a client of Lambda."""
        return self._session.client("lambda", endpoint_url=self._endpoint_url, config=self._config)

    def logs(self) -> CloudWatchLogsClient:
        """Return a client of CloudWatch Logs."""
        return self._session.client("logs", endpoint_url=self._endpoint_url, config=self._config)

    def s3(self) -> S3Client:
        """Return a client of S3."""
        return self._session.client("s3", endpoint_url=self._endpoint_url, config=self._config)

    def sqs(self) -> SQSClient:
        """Return a client of SQS."""
        return self._session.client("sqs", endpoint_url=self._endpoint_url, config=self._config)

    def ssm(self) -> SSMClient:
        """Return a client of Systems Manager."""
        return self._session.client("ssm", endpoint_url=self._endpoint_url, config=self._config)

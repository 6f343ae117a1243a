"""boto3 clients of the emulator, deaf to the user's AWS profiles, files and variables."""

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
    """Clients of one emulator, with its administrator's rights."""

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
        """A client of any other service, without types."""
        return self._session.client(service, endpoint_url=self._endpoint_url, config=self._config)

    def apigateway(self) -> APIGatewayClient:
        """A client of API Gateway, which may send what AWS would not take: see `emulator_gaps`."""
        config = self._config.merge(Config(parameter_validation=False))
        return self._session.client("apigateway", endpoint_url=self._endpoint_url, config=config)

    def cloudformation(self) -> CloudFormationClient:
        """A client of CloudFormation."""
        return self._session.client(
            "cloudformation", endpoint_url=self._endpoint_url, config=self._config
        )

    def dynamodb(self) -> DynamoDBClient:
        """A client of DynamoDB."""
        return self._session.client(
            "dynamodb", endpoint_url=self._endpoint_url, config=self._config
        )

    def functions(self) -> LambdaClient:
        """A client of Lambda."""
        return self._session.client("lambda", endpoint_url=self._endpoint_url, config=self._config)

    def logs(self) -> CloudWatchLogsClient:
        """A client of CloudWatch Logs."""
        return self._session.client("logs", endpoint_url=self._endpoint_url, config=self._config)

    def s3(self) -> S3Client:
        """A client of S3."""
        return self._session.client("s3", endpoint_url=self._endpoint_url, config=self._config)

    def sqs(self) -> SQSClient:
        """A client of SQS."""
        return self._session.client("sqs", endpoint_url=self._endpoint_url, config=self._config)

    def ssm(self) -> SSMClient:
        """A client of Systems Manager."""
        return self._session.client("ssm", endpoint_url=self._endpoint_url, config=self._config)

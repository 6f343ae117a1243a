"""Imports with parts of a test: uploads, jobs, and the steps in the order of the state machine."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from functions.jobs.app import create_app
from grok_insights import wiring
from grok_insights.domain.job import StepName
from grok_insights.jobs.steps import Event, ImportSteps
from grok_insights.wiring import Parts
from tests.builders import api_event
from tests.functional.query import ClientResponse, response_of

ROLE = "arn:aws:iam::123456789012:role/import"
SECONDS = 300.0
PART_LINES = 10
CHUNK_LINES = 4
Json = dict[str, Any]


class Killed(BaseException):
    """The function ends at this point."""


@dataclass
class Imports:
    """Both ends of an import. ``waited`` are the seconds that the state machine waited."""

    parts: Parts
    waited: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.s3 = self.parts.s3()
        self.s3.create_bucket(Bucket=self.bucket)
        self.parts.stepfunctions().create_state_machine(
            name="import",
            definition='{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}',
            roleArn=ROLE,
        )
        self.http_handler = create_app(self.parts)

    @property
    def bucket(self) -> str:
        return self.parts.settings.files_bucket

    def steps(self) -> ImportSteps:
        """Return the use case of another execution environment, with small parts and chunks.

        moto copies all its items for each transaction, so that many lines would take minutes.
        """
        steps = wiring.import_steps(self.parts)
        return replace(
            steps,
            reader=replace(steps.reader, part_lines=PART_LINES),
            importer=replace(steps.importer, chunk_lines=CHUNK_LINES),
        )

    def request(self, method: str, path: str, body: Any = None, **query: str) -> ClientResponse:
        return response_of(self.http_handler, api_event(method, path, body, query=query))

    def upload(self, content: bytes, name: str = "file.jsonl") -> str:
        """Upload a file by the part addresses that the API gives, and return the upload's id."""
        begun = self.request("POST", "/api/v1/uploads", {"name": name, "size": len(content)})
        assert begun.status == 201, begun
        upload = self.parts_of(begun.body["id"])
        for part in begun.body["missing"]:
            start = (part["part"] - 1) * begun.body["part_size"]
            self.s3.upload_part(
                Bucket=self.bucket,
                PartNumber=part["part"],
                Body=content[start : start + part["size"]],
                **upload,
            )
        return str(begun.body["id"])

    def parts_of(self, upload_id: str) -> Any:
        [stored] = [
            one
            for one in self.s3.list_multipart_uploads(Bucket=self.bucket)["Uploads"]
            if one["Key"] == f"uploads/{upload_id}"
        ]
        return {"Key": stored["Key"], "UploadId": stored["UploadId"]}

    def start(self, content: bytes, **options: Any) -> str:
        """Upload a file and start its job, without running it; return the job's id."""
        body = {"kind": "import", "upload_id": self.upload(content), **options}
        started = self.request("POST", "/api/v1/jobs", body)
        assert started.status == 202, started
        return str(started.body["id"])

    def run(self, job_id: str, most_rounds: int = 50) -> Json:
        """Run the steps as the state machine does, and return the job."""
        run = self.job(job_id)["run"]
        state = "read"
        for _ in range(most_rounds):
            result = self.step(StepName(state), job_id, run)
            state = result["next"]
            if state == "import":
                for part in result["ranges"]:
                    self.step(StepName.PART, job_id, run, part)
                state = "plan"
            if state == "wait":
                self.waited.append(result["seconds"])
                return self.job(job_id)
            if state == "finish":
                result = self.step(StepName.FINISH, job_id, run)
                state = result["next"]
            if state == "stop":
                return self.job(job_id)
        raise AssertionError("the job does not end")

    def step(self, step: StepName, job_id: str, run: int = 1, part: int = 0) -> Json:
        result = self.steps()(Event(step, job_id, run, part), SECONDS)
        json.dumps(result)
        return result

    def imported(self, content: bytes, **options: Any) -> Json:
        """Import a file, and return the job."""
        return self.run(self.start(content, **options))

    def job(self, job_id: str) -> Json:
        response = self.request("GET", f"/api/v1/jobs/{job_id}")
        assert response.status == 200, response
        return dict(response.body)

    def rejected(self, job: Json) -> list[Json]:
        """Return the file of rejected lines."""
        response = self.s3.get_object(Bucket=self.bucket, Key=f"jobs/{job['id']}/errors.jsonl")
        return [json.loads(line) for line in response["Body"].read().splitlines()]

    def keys(self, prefix: str = "") -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]

    def texts(self) -> list[str]:
        """Return the texts of all stored conversations, sorted."""
        items = self.parts.dynamodb.scan(TableName=self.parts.settings.conversations_table)["Items"]
        return sorted(item["text"]["S"] for item in items if "text" in item)

    def messages(self) -> list[str]:
        """Return the ids of all messages in the queue."""
        url = self.parts.settings.analysis_queue_url
        found: list[str] = []
        while True:
            received = self.parts.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            messages = received.get("Messages", [])
            if not messages:
                return found
            found += [json.loads(one["Body"])["conversation_id"] for one in messages]


def jsonl(*items: Json) -> bytes:
    """Return the lines of a file."""
    return "".join(json.dumps(item) + "\n" for item in items).encode()

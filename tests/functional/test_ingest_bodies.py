"""Invalid and unusual request bodies, on tables of moto."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from functions.ingest.app import create_app
from grok_insights.http import HttpHandler
from grok_insights.ingest.conversations import Ingest
from tests.builders import LambdaContext, api_event
from tests.functional.conftest import Clock, make_parts

ONE = "/api/v1/conversations"
BULK = f"{ONE}/bulk"


@pytest.fixture
def http_handler(clock: Clock) -> Iterator[HttpHandler[Ingest]]:
    with mock_aws():
        yield create_app(make_parts(clock))


def post(
    http_handler: HttpHandler[Ingest], body: str | bytes, *, path: str = ONE, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Send bytes as API Gateway passes them: in base64."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    event = api_event("POST", path, "", headers=named)
    if isinstance(body, bytes):
        event |= {"body": b64encode(body).decode(), "isBase64Encoded": True}
    else:
        event |= {"body": body}
    response = http_handler(event, LambdaContext())
    return response["statusCode"], json.loads(response["body"])


def test_a_body_in_base64_is_read(http_handler: HttpHandler[Ingest]) -> None:
    assert post(http_handler, '{"text": "Grüße"}'.encode())[0] == 202


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        '{"text": "Grüße"}'.encode("latin-1"),
        '{"text": "x"}'.encode("utf-16"),
        '\ufeff{"text": "x"}'.encode(),
        b'{"text": "x", "metadata": {"n": NaN}}',
        b'{"text": "x", "metadata": {"n": Infinity}}',
        b'{"text": "x", "metadata": {"n": ' + b"9" * 5_000 + b"}}",
        b'{"text": "x", "metadata": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"text": "x"} {"text": "y"}',
        b"{'text': 'x'}",
    ],
)
def test_what_is_not_json_in_utf_8_is_a_bad_request(
    http_handler: HttpHandler[Ingest], body: bytes
) -> None:
    status, problem = post(http_handler, body)
    assert (status, problem["title"]) == (400, "Bad Request")
    assert problem["errors"][0]["location"] == "body"


def test_no_body_at_all_is_a_body_that_is_missing(http_handler: HttpHandler[Ingest]) -> None:
    status, problem = post(http_handler, b"")
    assert (status, problem["errors"][0]["location"]) == (422, "body")


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json; charset=iso-8859-1",
        "nonsense",
    ],
)
def test_another_media_type_is_refused(http_handler: HttpHandler[Ingest], media_type: str) -> None:
    assert post(http_handler, b'{"text": "x"}', Content_Type=media_type)[0] == 415


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"]
)
def test_json_by_any_of_its_names_is_taken(
    http_handler: HttpHandler[Ingest], media_type: str
) -> None:
    assert post(http_handler, b'{"text": "x"}', Content_Type=media_type)[0] == 202


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "GZIP", "identity, gzip"])
def test_a_compressed_body_is_refused(http_handler: HttpHandler[Ingest], encoding: str) -> None:
    body = gzip.compress(b'{"text": "x"}')
    assert post(http_handler, body, Content_Encoding=encoding)[0] == 415


@pytest.mark.parametrize("size", [4_500_001, 10_000_000])
def test_a_body_that_a_function_cannot_take_is_too_large(
    http_handler: HttpHandler[Ingest], size: int
) -> None:
    assert post(http_handler, b" " * size)[0] == 413
    assert post(http_handler, " " * size)[0] == 413


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1E+309", "123456789012345678901234567890", "0.1e-999"]
)
def test_numbers_at_their_limits_are_kept_or_refused_and_never_break(
    http_handler: HttpHandler[Ingest], number: str
) -> None:
    body = f'{{"text": "x", "metadata": {{"n": {number}}}}}'.encode()
    assert post(http_handler, body)[0] in {202, 422}


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\uffff", "\\ud83d\\ude00"])
def test_strange_characters_are_text_too(http_handler: HttpHandler[Ingest], text: str) -> None:
    assert post(http_handler, f'{{"text": "{text}"}}'.encode())[0] == 202


@pytest.mark.parametrize("text", ["\\ud83d", "a\\ude00b"])
def test_half_a_surrogate_pair_is_refused(http_handler: HttpHandler[Ingest], text: str) -> None:
    assert post(http_handler, f'{{"text": "{text}"}}'.encode())[0] == 422
    assert post(http_handler, f'{{"text": "x", "external_id": "{text}"}}'.encode())[0] == 422


@pytest.mark.parametrize("depth", [32, 33, 970, 3_000])
def test_metadata_may_be_thirty_two_levels_deep(
    http_handler: HttpHandler[Ingest], depth: int
) -> None:
    metadata = '{"a":' * depth + "1" + "}" * depth
    status, problem = post(http_handler, f'{{"text": "x", "metadata": {metadata}}}'.encode())
    assert status == (202 if depth <= 32 else 422)
    fault = {"location": "body.metadata", "message": "must be at most 32 levels deep"}
    assert problem.get("errors", [fault]) == [fault]


@pytest.mark.parametrize("depth", [33, 970, 3_000])
def test_deep_metadata_of_one_conversation_does_not_refuse_the_others(
    http_handler: HttpHandler[Ingest], depth: int
) -> None:
    deep = f'{{"text": "x", "metadata": {"[" * depth}{"]" * depth}}}'
    deep = deep.replace('"metadata": [', '"metadata": {"a": [') + "}"
    body = f'{{"conversations": [{{"text": "fine"}}, {deep}, {{"text": "fine too"}}]}}'
    status, response = post(http_handler, body.encode(), path=BULK)
    assert status == 202
    statuses = [result["status"] for result in response["results"]]
    assert statuses == ["enqueued", "rejected", "enqueued"]


@pytest.mark.parametrize(
    ("items", "keys", "key"),
    [
        (420, 800, ""),
        (500, 5, "\N{GRINNING FACE}" * 60),
        (500, 5, "\x01" * 60),
        (1, 9, "k" * 400_000),
    ],
    ids=["many keys", "long keys outside the BMP", "control characters", "very long keys"],
)
def test_the_response_to_a_bulk_request_fits_what_a_function_may_return(
    http_handler: HttpHandler[Ingest], items: int, keys: int, key: str
) -> None:
    names = {f"{number}{key}": 1 for number in range(keys)}
    item = {"text": "", "external_id": key[:1] * 256, **names}
    body = json.dumps({"conversations": [item] * items}, ensure_ascii=False, separators=(",", ":"))
    response = http_handler(api_event("POST", BULK, body), LambdaContext())
    assert (response["statusCode"], json.loads(response["body"])["rejected"]) == (202, items)
    assert len(json.dumps(response)) < 6_000_000


def test_an_external_id_that_is_too_long_is_not_repeated(
    http_handler: HttpHandler[Ingest],
) -> None:
    body = json.dumps({"conversations": [{"text": "x", "external_id": "y" * 257}]})
    _, response = post(http_handler, body.encode(), path=BULK)
    assert response["results"][0]["external_id"] is None

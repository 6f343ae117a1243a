"""Every amount in USD on `docs/cost.md` follows from the quantities and prices in its row."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.cost_page import PAGE, Row, tables

CENT = Decimal("0.01")
MILLION = "A million conversations"
MONTH = "A month, whatever is sent"


def rounded(amount: Decimal, to: Decimal = CENT) -> Decimal:
    return amount.quantize(to, ROUND_HALF_UP)


def products(row: Row) -> list[Decimal]:
    """Return each quantity of a row times its price, the last number before the amounts."""
    numbers = [number for number in row.numbers if number is not None]
    quantities, price = numbers[: len(numbers) // 2], numbers[len(numbers) // 2]
    return [quantity * price for quantity in quantities]


def amounts(row: Row) -> list[Decimal]:
    """Return the amounts at the end of a row, as the page shows them."""
    shown = [number for number in row.numbers if number is not None]
    return shown if row.is_sum else shown[len(shown) // 2 + 1 :]


def blocks(heading: str) -> Iterator[tuple[list[Row], Row]]:
    """Return the rows of a table with the sum below them."""
    above: list[Row] = []
    for row in tables()[heading]:
        if row.is_sum:
            yield above, row
            above = []
        else:
            above.append(row)


ROWS = [row for rows in tables().values() for row in rows if not row.is_sum]


@pytest.mark.parametrize("row", ROWS, ids=[row.item for row in ROWS])
def test_an_amount_is_its_quantity_times_its_price(row: Row) -> None:
    assert amounts(row) == [rounded(product) for product in products(row)]


SUMS = [(above, row) for heading in (MILLION, MONTH) for above, row in blocks(heading) if above]


@pytest.mark.parametrize(("above", "row"), SUMS, ids=[row.item for _, row in SUMS])
def test_a_sum_is_that_of_the_rows_above_it(above: list[Row], row: Row) -> None:
    columns = zip(*(products(one) for one in above), strict=True)
    assert amounts(row) == [rounded(sum(column, Decimal(0))) for column in columns]


def test_the_share_of_aws_is_that_of_the_sums() -> None:
    sums = {row.item: amounts(row) for row in tables()[MILLION] if row.is_sum}
    ratios = zip(sums["**AWS**"], sums["**Grok**"], strict=True)
    shares = [rounded(100 * aws / grok, Decimal("0.1")) for aws, grok in ratios]
    assert sums["**AWS in percent of Grok**"] == shares


def test_the_page_names_what_a_conversation_costs_on_each_service() -> None:
    named = {row.item.partition(":")[0] for row in tables()[MILLION] if not row.is_sum}
    assert named == {
        *("API Gateway", "Lambda", "EventBridge", "SQS", "DynamoDB", "Logs", "X-Ray", "Data out"),
        "Grok",
    }


def test_the_quantities_of_key_requests_and_polling_follow_from_their_formulas() -> None:
    quantities = {row.item: row.numbers[0] for row in tables()[MONTH] if not row.is_sum}
    hours = 730
    assert quantities["KMS: requests of DynamoDB, in 10,000"] == Decimal(12 * 12 * hours) / 10_000
    assert quantities["SQS: polling the empty queue, million requests"] == Decimal(
        5 * 180 * hours
    ) / Decimal(1_000_000)
    month_seconds = 30 * 86_400
    requests = month_seconds // 300 * (2 * 2 + 1)
    assert quantities["KMS: requests of SQS, in 10,000"] == Decimal(requests) / 10_000


def test_every_price_has_its_source_on_the_page() -> None:
    sources = PAGE.read_text("utf-8").partition("## Where the prices come from")[2]
    services = ("api-gateway", "lambda", "eventbridge", "sqs", "dynamodb")
    for service in (*services, "cloudwatch", "xray", "kms", "waf", "s3"):
        assert f"https://aws.amazon.com/{service}/pricing/" in sources

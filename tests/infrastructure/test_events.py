"""The template of events: the stream, its mapping, the bus and the webhook."""

from __future__ import annotations

import json

from tests.infrastructure.transformed import of_type
from tests.template import Json, nested_stacks, nested_template, resources, template

A_DAY_SECONDS = 86_400
BEGINNING = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:"


def mapping() -> Json:
    """Return the event source mapping of the stream."""
    [found] = [
        one["Properties"]
        for one in of_type("AWS::Lambda::EventSourceMapping").values()
        if one["Properties"]["EventSourceArn"] == {"Fn::GetAtt": ["InsightsTable", "StreamArn"]}
    ]
    return dict(found)


def test_only_the_table_of_insights_has_a_stream_and_it_has_both_images() -> None:
    tables = resources("AWS::DynamoDB::Table")
    streams = {
        name: table["StreamSpecification"]["StreamViewType"]
        for name, table in tables.items()
        if "StreamSpecification" in table
    }
    assert streams == {"InsightsTable": "NEW_AND_OLD_IMAGES"}


def test_a_batch_that_fails_is_halved_and_given_up_while_the_stream_still_has_it() -> None:
    assert mapping()["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping()["BisectBatchOnFunctionError"] is True
    assert 3600 <= mapping()["MaximumRecordAgeInSeconds"] <= A_DAY_SECONDS / 2
    assert mapping()["MaximumRetryAttempts"] >= 1000
    destination = mapping()["DestinationConfig"]["OnFailure"]["Destination"]
    assert destination == {"Fn::GetAtt": ["EventsDeadLetterQueue", "Arn"]}


def test_no_change_is_missed_between_the_table_and_the_mapping() -> None:
    assert mapping()["StartingPosition"] == "TRIM_HORIZON"


def test_removals_do_not_invoke_the_function() -> None:
    [only] = mapping()["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}


def test_the_function_sends_to_the_bus_of_its_stack() -> None:
    function = of_type("AWS::Lambda::Function")["EventsFunction"]["Properties"]
    assert function["Environment"]["Variables"]["EVENT_BUS"] == {"Ref": "AWS::StackName"}
    [bus] = resources("AWS::Events::EventBus").values()
    assert bus["Name"] == {"Ref": "AWS::StackName"}


def test_the_bus_is_encrypted_with_the_customer_s_key_if_there_is_one() -> None:
    passed = nested_stacks()["EventsStack"]["Properties"]["Parameters"]["KmsKey"]
    assert passed == {"Fn::If": ["HasCustomerKey", {"Fn::GetAtt": ["Key", "Arn"]}, ""]}
    statements = template()["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    [allowed] = [one for one in statements if one["Sid"] == "EventsOnTheBusAndInTheirQueue"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_the_webhook_gets_every_event_of_the_service_for_a_day() -> None:
    rule = resources("AWS::Events::Rule")["WebhookRule"]
    assert rule["EventPattern"] == {"source": ["grok-insights"]}
    [target] = rule["Targets"]
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": A_DAY_SECONDS,
        "MaximumRetryAttempts": 185,
    }
    queue = {"Fn::GetAtt": ["WebhookDeadLetterQueue", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": queue}


def test_the_queue_of_the_webhook_takes_events_of_this_bus_only() -> None:
    policy = template()["Resources"]["WebhookDeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]
    [allowed] = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    sources = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    arns = [one["Fn::Sub"].removeprefix(BEGINNING) for one in sources]
    assert arns == ["rule/${AWS::StackName}/webhook", "event-bus/${AWS::StackName}"]


def test_the_secret_of_the_webhook_is_shown_nowhere() -> None:
    assert template()["Parameters"]["WebhookSecret"]["NoEcho"] is True
    used = [
        name
        for name, one in nested_template("EventsStack")["Resources"].items()
        if "WebhookSecret" in json.dumps(one)
    ]
    assert used == ["WebhookConnection"]
    assert "WebhookSecret" not in json.dumps(template()["Outputs"])

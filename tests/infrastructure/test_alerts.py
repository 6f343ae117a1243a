"""The template of alerts: the schedule, and the way of events to the alarm topic."""

from __future__ import annotations

from tests.template import nested_stacks, nested_template, resources


def test_the_schedule_invokes_the_alias_of_the_function_each_minute_and_once() -> None:
    [schedule] = resources("AWS::Scheduler::Schedule").values()
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["Target"]["Arn"] == {"Ref": "AlertsFunction.Alias"}
    assert schedule["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 60,
        "MaximumRetryAttempts": 0,
    }


def test_events_about_alerts_and_no_others_go_to_the_topic_of_the_alarms() -> None:
    rule = resources("AWS::Events::Rule")["TopicRule"]
    assert rule["EventPattern"] == {"source": ["grok-insights"], "detail-type": ["trend.alert"]}
    assert rule["EventBusName"] == {"Ref": "AWS::StackName"}
    [target] = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["AlarmStack", "Outputs.TopicArn"]}
    assert "RoleArn" not in target, "the policy of the topic allows it"
    assert nested_stacks()["AlertsStack"]["DependsOn"] == ["EventsStack"]


def test_the_message_of_the_topic_names_the_rule_the_status_and_the_numbers() -> None:
    [target] = resources("AWS::Events::Rule")["TopicRule"]["Targets"]
    transformer = target["InputTransformer"]
    template = transformer["InputTemplate"]
    assert template.startswith('"')
    assert template.endswith('"')
    assert {name for name in transformer["InputPathsMap"] if f"<{name}>" not in template} == set()


def test_the_topic_lets_eventbridge_publish_and_nothing_else() -> None:
    [policy] = resources("AWS::SNS::TopicPolicy").values()
    [allowed] = [
        one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "AlertsOfTheBus"
    ]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert (allowed["Action"], allowed["Resource"]) == ("sns:Publish", {"Ref": "Topic"})


def test_a_schedule_that_stops_sets_off_an_alarm() -> None:
    alarm = nested_template("AlarmStack")["Resources"]["AlertsNotEvaluatedAlarm"]["Properties"]
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Threshold"] == 1

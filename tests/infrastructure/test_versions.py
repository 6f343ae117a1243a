"""When a deployment makes new versions of the functions, which the API and the queue call."""

from __future__ import annotations

from tests.infrastructure.transformed import of_type

FUNCTIONS = 8


def _versions(**given: str) -> set[str]:
    found = set(of_type("AWS::Lambda::Version", **given))
    assert len(found) == FUNCTIONS
    return found


def test_a_layer_with_other_code_makes_new_versions() -> None:
    assert _versions() == _versions(layer="key")
    assert not _versions() & _versions(layer="another")


def test_sam_by_itself_does_not_see_a_changed_parameter() -> None:
    """The reason for DeploymentId: if this test ever fails, the parameter can be removed."""
    assert _versions() == _versions(DailyBudgetUsd="5")


def test_another_deployment_id_makes_new_versions() -> None:
    one = _versions(DeploymentId="one")
    assert one == _versions(DeploymentId="one")
    assert not one & _versions(DeploymentId="another")


def test_an_alias_points_to_the_new_version() -> None:
    for alias in of_type("AWS::Lambda::Alias", layer="another").values():
        [version, attribute] = alias["Properties"]["FunctionVersion"]["Fn::GetAtt"]
        assert attribute == "Version"
        assert version in _versions(layer="another")

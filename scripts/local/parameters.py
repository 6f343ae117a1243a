"""Map settings to parameters of the template: MAX_QUEUE_DEPTH is MaxQueueDepth."""

import re
from collections.abc import Collection, Mapping

from scripts.local.options import OWN_NAMES, PLACE_NAMES
from scripts.template import Template

DECIDED = frozenset({"AwsEndpointUrl", "DeploymentId", "PythonRuntime"})
"""Parameters whose values follow from the machine and the code; no setting changes them."""


def from_settings(settings: Mapping[str, str], declared: Collection[str]) -> dict[str, str]:
    """Return the values that `settings` give to declared parameters, by parameter.

    Only names of several words count, so that a STAGE or MODE in the user's shell has no effect.
    """
    by_setting = _by_setting(declared)
    return {
        by_setting[_key(name)]: value
        for name, value in settings.items()
        if _is_setting(name, by_setting)
    }


def to_keep(chosen: Mapping[str, str], declared: Collection[str]) -> dict[str, str]:
    """Return the chosen values that later commands keep, without keys and shell variables."""
    by_setting = _by_setting(frozenset(declared) - DECIDED)
    return {
        name: value
        for name, value in chosen.items()
        if name in PLACE_NAMES or (name not in OWN_NAMES and _is_setting(name, by_setting))
    }


def spelled(settings: Collection[str], template: Template) -> dict[str, str]:
    """Return each parameter's name as the user wrote it, else as the functions' variable."""
    by_setting = _by_setting(template.parameters)
    return (
        {name: re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper() for name in template.parameters}
        | {parameter: variable for variable, parameter in template.parameter_of.items()}
        | {by_setting[_key(name)]: name for name in settings if _is_setting(name, by_setting)}
    )


def unknown_names(names: Collection[str], declared: Collection[str]) -> list[str]:
    """Return names that neither the template nor the local stack knows, probably misspelt."""
    known = _by_setting(declared)
    return sorted(name for name in names if name not in OWN_NAMES and _key(name) not in known)


def _by_setting(declared: Collection[str]) -> dict[str, str]:
    return {parameter.lower(): parameter for parameter in declared}


def _is_setting(name: str, by_setting: Mapping[str, str]) -> bool:
    return "_" in name and _key(name) in by_setting


def _key(setting: str) -> str:
    return setting.replace("_", "").lower()

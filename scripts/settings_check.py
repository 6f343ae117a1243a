"""Check parameter values with the product's own settings before anything is deployed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from grok_insights.errors import SettingsError
from grok_insights.settings import Settings
from scripts.template import Template

PREFIX: Final = "the settings are not valid: "
_VARIABLE: Final = re.compile(r"\b[A-Z][A-Z0-9_]+\b")


def faults(template: Template, values: Mapping[str, str], spelled: Mapping[str, str]) -> str:
    """Return every error of the values in one sentence; empty if there is none.

    The settings class finds values that would stop the functions; the template's bounds find the
    rest.

    Parameters
    ----------
    template : Template
        The template that is to be deployed.
    values : Mapping[str, str]
        Values by parameter. Parameters that are left out have their defaults.
    spelled : Mapping[str, str]
        How the user wrote each parameter: ``GROK_MODE`` or ``GrokMode``.
    """
    found = _settings_faults(template, values, spelled)
    for name, value in values.items():
        shown = spelled.get(name, name)
        fault = template.parameters[name].fault(value)
        if fault and not re.search(rf"\b{re.escape(shown)}\b", found):
            found += f"{'; ' if found else PREFIX}{shown}: {fault}"
    return f"{found[0].upper()}{found[1:]}." if found else ""


def lacks_grok_api_key(template: Template, values: Mapping[str, str]) -> bool:
    """Return whether real mode is set without the name of the key's parameter.

    Raises
    ------
    SettingsError
        The values are not valid: see `faults`.
    """
    return Settings.from_env(template.environment(values)).lacks_grok_api_key


def _settings_faults(
    template: Template, values: Mapping[str, str], spelled: Mapping[str, str]
) -> str:
    try:
        Settings.from_env(template.environment(values))
    except SettingsError as error:
        by_variable = {
            variable: spelled.get(parameter, parameter)
            for variable, parameter in template.parameter_of.items()
        }
        return _VARIABLE.sub(lambda name: by_variable.get(name[0], name[0]), str(error))
    return ""

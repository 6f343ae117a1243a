"""Which settings become which parameters of the template: MAX_QUEUE_DEPTH is MaxQueueDepth."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.local.options import OWN_NAMES


class _TemplateLoader(yaml.SafeLoader):
    """Reads a template's structure; the short forms (!Ref, !Sub ...) come out as None."""


_TemplateLoader.add_multi_constructor("!", lambda _loader, _tag, _node: None)


def declared_parameters(template: Path) -> dict[str, str]:
    """The names in the template's Parameters section, and their default values.

    What is left out of a deployment keeps its value from the one before, so that a setting which
    is given no more has to be given its default.
    """
    text = template.read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, _TemplateLoader)  # noqa: S506  is a SafeLoader
    declared: dict[str, dict[str, Any]] = content.get("Parameters", {})
    return {name: _text(about.get("Default", "")) for name, about in declared.items()}


def _text(default: object) -> str:
    return json.dumps(default) if isinstance(default, bool) else str(default)


def from_settings(settings: Mapping[str, str], declared: Collection[str]) -> dict[str, str]:
    """The declared parameters that `settings` give a value to.

    Only names of several words count, so that a STAGE or MODE of the user's shell means nothing.
    """
    by_setting = {parameter.lower(): parameter for parameter in declared}
    return {
        by_setting[_key(name)]: value
        for name, value in settings.items()
        if "_" in name and _key(name) in by_setting
    }


def unknown_names(names: Collection[str], declared: Collection[str]) -> list[str]:
    """Names that neither the template nor the local stack knows: most likely misspelt."""
    known = {parameter.lower() for parameter in declared}
    return sorted(name for name in names if name not in OWN_NAMES and _key(name) not in known)


def _key(setting: str) -> str:
    return setting.replace("_", "").lower()

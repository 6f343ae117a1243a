"""The options of a local stack: from this command, earlier commands and `.env`, in this order."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from dotenv.parser import Binding, parse_stream

from scripts.local import saved_settings
from scripts.local.errors import LocalStackError
from scripts.local.files import SAVED_SETTINGS

PLACE_NAMES = frozenset({"AUTH", "EMULATOR_BIND_HOST", "EMULATOR_PORT", "STACK_NAME"})
"""Settings of the emulator, not of the product."""

OWN_NAMES = PLACE_NAMES | {
    "GROK_API_KEY",
    "GROK_API_KEY_PARAMETER",
    "LOCAL_DIR",
    "PYTHON",
    "RESET",
    "VENV",
}
_NOTHING: Mapping[str, str] = MappingProxyType({})
_LOOPBACK = "127.0.0.1"
_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104  used only if EMULATOR_BIND_HOST names it


@dataclass(frozen=True, slots=True)
class Options:
    """All options that distinguish one local stack from another."""

    local_dir: Path
    port: int
    bind_host: str
    is_auth_enforced: bool
    stack_name: str
    settings: Mapping[str, str]
    """The current values, including the user's whole environment."""
    chosen: Mapping[str, str] = field(repr=False)
    """The values that later commands keep: from this command and earlier ones; may be empty."""
    given: frozenset[str] = field(repr=False)
    """Names that this command's own environment has values for."""
    kept: Mapping[str, str]
    """Values that apply only because an earlier command set them."""
    dotenv_names: frozenset[str]
    grok_api_key: str = field(repr=False)

    @property
    def host(self) -> str:
        """Return the address at which the emulator can be reached."""
        return _LOOPBACK if self.bind_host == _EVERY_INTERFACE else self.bind_host

    def for_now(self, **settings: str) -> "Options":
        """Return the same options with settings that later commands do not keep."""
        return replace(self, settings={**self.settings, **settings})

    @property
    def endpoint_url(self) -> str:
        """Return the emulator's single endpoint for all AWS services."""
        return f"http://{self.host}:{self.port}"


def load_options(environ: Mapping[str, str], checkout: Path) -> Options:
    """Return the options of a command; `RESET=1` ignores the settings of earlier commands."""
    dotenv = read_dotenv(checkout / ".env")
    is_reset = environ.get("RESET", "") == "1"
    saved_at = _local_dir({**dotenv, **environ}, checkout) / SAVED_SETTINGS
    return read_options(
        environ, checkout, dotenv, {} if is_reset else saved_settings.read(saved_at)
    )


def read_options(
    environ: Mapping[str, str],
    checkout: Path,
    dotenv: Mapping[str, str] = _NOTHING,
    saved: Mapping[str, str] = _NOTHING,
) -> Options:
    """Combine the environment with the settings of earlier commands and of `.env`, in this order.

    An empty value means the default, whatever `.env` or an earlier command sets.
    """
    merged = {**dotenv, **saved, **environ}
    settings = {name: value for name, value in merged.items() if value.strip()}
    chosen = {**saved, **environ}
    return Options(
        local_dir=_local_dir(settings, checkout),
        port=_port(settings.get("EMULATOR_PORT", "4566")),
        bind_host=_bind_host(settings.get("EMULATOR_BIND_HOST", _LOOPBACK)),
        is_auth_enforced=settings.get("AUTH", "").lower() == "true",
        stack_name=settings.get("STACK_NAME", "grok-insights-local"),
        settings={name: value for name, value in settings.items() if name not in OWN_NAMES},
        chosen={name: value for name, value in chosen.items() if value or name in dotenv},
        given=frozenset(name for name, value in environ.items() if value.strip()),
        kept={k: v for k, v in saved.items() if k not in environ and v != dotenv.get(k)},
        dotenv_names=frozenset(dotenv),
        grok_api_key=settings.get("GROK_API_KEY", "").strip(),
    )


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the names and values of a `.env` file; nothing if there is no such file."""
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except UnicodeDecodeError:
        raise LocalStackError(f"{path.name} is not a UTF-8 text file.") from None
    return dict(_name_and_value(path, binding) for binding in bindings if not _is_blank(binding))


def _is_blank(binding: Binding) -> bool:
    return binding.key is None and not binding.error


def _name_and_value(path: Path, binding: Binding) -> tuple[str, str]:
    if binding.error or binding.key is None or binding.value is None:
        text = binding.original.string
        line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
        raise LocalStackError(f"{path.name}, line {line} is not of the form NAME=value.")
    return binding.key, binding.value


def _local_dir(settings: Mapping[str, str], checkout: Path) -> Path:
    return (checkout / (settings.get("LOCAL_DIR", "").strip() or ".local")).absolute()


def _port(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise LocalStackError(f"EMULATOR_PORT is {value!r}, not a port number from 1 to 65535.")
    return int(value)


def _bind_host(value: str) -> str:
    try:
        is_local = ipaddress.ip_address(value).is_private
    except ValueError:
        is_local = False
    if not is_local:
        raise LocalStackError(f"EMULATOR_BIND_HOST is {value!r}, not an address of this machine.")
    return value

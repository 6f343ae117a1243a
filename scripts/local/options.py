"""What the user asked of a local stack, from the environment and `.env`; the environment wins."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from dotenv.parser import Binding, parse_stream

from scripts.local.errors import LocalStackError

OWN_NAMES = frozenset(
    {
        "AUTH",
        "EMULATOR_BIND_HOST",
        "EMULATOR_PORT",
        "GROK_API_KEY",
        "GROK_API_KEY_PARAMETER",
        "LOCAL_DIR",
        "PYTHON",
        "STACK_NAME",
        "VENV",
    }
)
_NO_DOTENV: Mapping[str, str] = MappingProxyType({})
_LOOPBACK = "127.0.0.1"
_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104  asked for by name only: EMULATOR_BIND_HOST


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that distinguishes one local stack from another."""

    local_dir: Path
    port: int
    bind_host: str
    is_auth_enforced: bool
    stack_name: str
    settings: Mapping[str, str]
    dotenv_names: frozenset[str]
    grok_api_key: str = field(repr=False)

    @property
    def host(self) -> str:
        """The address to reach the emulator at."""
        return _LOOPBACK if self.bind_host == _EVERY_INTERFACE else self.bind_host

    @property
    def endpoint_url(self) -> str:
        """The emulator's one endpoint for all AWS services."""
        return f"http://{self.host}:{self.port}"


def read_options(
    environ: Mapping[str, str], checkout: Path, dotenv: Mapping[str, str] = _NO_DOTENV
) -> Options:
    """Reads the environment and, under it, what `.env` says; empty values count as not set."""
    settings = {name: value for name, value in {**dotenv, **environ}.items() if value.strip()}
    return Options(
        local_dir=(checkout / settings.get("LOCAL_DIR", ".local")).absolute(),
        port=_port(settings.get("EMULATOR_PORT", "4566")),
        bind_host=_bind_host(settings.get("EMULATOR_BIND_HOST", _LOOPBACK)),
        is_auth_enforced=settings.get("AUTH", "").lower() == "true",
        stack_name=settings.get("STACK_NAME", "grok-insights-local"),
        settings={name: value for name, value in settings.items() if name not in OWN_NAMES},
        dotenv_names=frozenset(dotenv),
        grok_api_key=settings.get("GROK_API_KEY", "").strip(),
    )


def read_dotenv(path: Path) -> dict[str, str]:
    """The names and values of a `.env` file; nothing where there is no such file."""
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

"""`make run PROFILE=support`: activate an example profile, and show what its fields say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.environments import UnusableError
from scripts.local.errors import LocalStackError
from scripts.local.stack import LocalStack
from scripts.put_profile import Json, put_profile, read_profile

PROFILES: Final = Path(__file__).resolve().parents[2] / "profiles"
TIMEOUT_SECONDS: Final = 30.0


def example_profile(name: str) -> Json | None:
    """Return the profile with this name in `profiles/`; None if the name is empty.

    Raises
    ------
    LocalStackError
        There is no such profile.
    """
    if not name:
        return None
    known = {path.stem: path for path in sorted(PROFILES.glob("*.json"))}
    if name not in known:
        raise LocalStackError(f"PROFILE is {name!r}: it must be one of {', '.join(known)}.")
    return read_profile(known[name])


def activate_profile(stack: LocalStack, profile: Json, console: Console) -> None:
    """Store a profile on the local stack and activate it.

    Raises
    ------
    LocalStackError
        The API refused it.
    """
    headers = {"x-api-key": stack.api_key}
    try:
        with httpx.Client(
            base_url=stack.api_url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        ) as client:
            version = put_profile(client, profile)
    except UnusableError as error:
        raise LocalStackError(str(error)) from None
    console.print(f"[green]✓[/] Version {version} of the profile is active.")


def print_fields(insights: Sequence[Json], console: Console) -> None:
    """Print the fields and the first quote of insights that have any."""
    found = [one for one in insights if one.get("fields") or one.get("quotes")]
    if not found:
        return
    names = list(dict.fromkeys(name for one in found for name in one.get("fields") or {}))
    table = Table(
        title="Fields and quotes",
        expand=True,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
    )
    table.add_column("Conversation", no_wrap=True)
    for name in names:
        table.add_column(name, no_wrap=True)
    table.add_column("Quote", ratio=1, no_wrap=True)
    for one in found:
        fields = one.get("fields") or {}
        cells = [escape(_shown(fields.get(name))) for name in names]
        quote = next((quote["text"] for quote in one.get("quotes") or ()), "")
        identity = one.get("external_id") or one["id"]
        table.add_row(escape(identity), *cells, escape(" ".join(quote.split())))
    console.print(table)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)

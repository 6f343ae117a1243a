"""The word lists beside this module, read when first needed: a cold start never pays for them."""

from functools import cache
from importlib import resources


def lines(name: str) -> list[str]:
    """Return the lines of one list in ``words/``, without comments and blank lines."""
    text = (resources.files(__package__) / "words" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def pairs(name: str) -> list[tuple[str, str]]:
    """Return the two tab-separated fields of each line of one list."""
    return [(first, second) for first, second in (line.split("\t", 1) for line in lines(name))]


@cache
def words(name: str) -> frozenset[str]:
    """Return the words of one list, lower-case, any number of which stand on a line."""
    return frozenset(word for line in lines(name) for word in line.split())

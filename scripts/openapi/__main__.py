"""Write the description to the query function's folder and to the documentation, or check both."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from scripts.openapi.document import document

CHECKOUT: Final = Path(__file__).parent.parent.parent
FOR_READERS: Final = CHECKOUT / "docs/openapi.json"
SERVED: Final = CHECKOUT / "functions/query/openapi.json"


def copies() -> dict[Path, str]:
    """Return the description as JSON text, by file.

    The function serves it without spaces and in ASCII, which is a third smaller and is encoded
    without a conversion in each request.
    """
    description = document()
    return {
        FOR_READERS: json.dumps(description, indent=1, ensure_ascii=False) + "\n",
        SERVED: json.dumps(description, separators=(",", ":")) + "\n",
    }


def main() -> int:
    """Write or check; return 1 if a copy is not current."""
    parser = argparse.ArgumentParser(prog="python -m scripts.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if not current")
    check: bool = parser.parse_args().check
    stale = {
        path: text
        for path, text in copies().items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in stale.items():
        if not check:
            path.write_text(text, "utf-8")
        print(f"{'not current' if check else 'written'}: {path.relative_to(CHECKOUT)}")
    if check and stale:
        print("`make openapi` writes them again")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

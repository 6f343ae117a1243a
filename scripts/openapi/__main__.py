"""Write the description to the query function's folder and to the documentation, or check both."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from scripts.openapi.document import document

CHECKOUT: Final = Path(__file__).parent.parent.parent
COPIES: Final = (CHECKOUT / "functions/query/openapi.json", CHECKOUT / "docs/openapi.json")


def text() -> str:
    """Return the description as JSON text."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check; return 1 if a copy is not current."""
    parser = argparse.ArgumentParser(prog="python -m scripts.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if not current")
    check: bool = parser.parse_args().check
    current = text()
    stale = [path for path in COPIES if not path.exists() or path.read_text("utf-8") != current]
    for path in stale:
        if not check:
            path.write_text(current, "utf-8")
        print(f"{'not current' if check else 'written'}: {path.relative_to(CHECKOUT)}")
    if check and stale:
        print("`make openapi` writes them again")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

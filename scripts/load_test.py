#!/usr/bin/env python3
"""Measure how many conversations a stack accepts, and how long their insights take; see `--help`.

python scripts/load_test.py --base-url URL --num-conversations 1000 --concurrency 20
"""

import sys
from pathlib import Path

if __package__ in {None, ""}:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from scripts.load.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

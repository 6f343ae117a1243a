"""The commands of developers and operators. They import the package from its source."""

import sys
from pathlib import Path

_SHARED = str(Path(__file__).resolve().parents[1] / "layers" / "shared")
if _SHARED not in sys.path:
    sys.path.append(_SHARED)

"""What every test needs: an environment that names no real account, and a short memory."""

from __future__ import annotations

import os

from tests.builders import environment

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(environment())

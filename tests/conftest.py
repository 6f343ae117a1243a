"""What every test needs: an environment that names no real account, and a short memory."""

from __future__ import annotations

import os

from hypothesis import settings

from tests.builders import environment

# A DynamoDB that is not the tests' own needs the credentials that were given for it.
if "DYNAMODB_ENDPOINT_URL" in os.environ:
    os.environ.update({**environment(), **os.environ})
else:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment())

# Machines are noisy: no test asserts a time. CI repeats the same examples; people meet new ones.
settings.register_profile("no deadline", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("no deadline")

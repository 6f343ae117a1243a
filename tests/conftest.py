"""Settings for every test: an environment without a real account, and fixed Hypothesis profiles."""

from __future__ import annotations

import os

from hypothesis import settings

from tests.builders import environment

# Another DynamoDB than the tests' own needs the credentials that were set for it.
if "DYNAMODB_ENDPOINT_URL" in os.environ:
    os.environ.update({**environment(), **os.environ})
else:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment())

# Machines differ in speed: no test asserts a time. CI repeats the same examples; local runs vary.
settings.register_profile("no deadline", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("no deadline")

"""What ends a load test before it has begun."""


class LoadTestError(Exception):
    """A sentence for the person at the terminal."""

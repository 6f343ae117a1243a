"""The error that ends a load test before it has started."""


class LoadTestError(Exception):
    """The load test cannot run. The message is a sentence for the terminal."""

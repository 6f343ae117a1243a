"""The acceptance suite: checks a running stack from outside, by its URL and its API key.

It needs nothing of the emulator and nothing of the package, so that it checks a stack in AWS just
as it checks a local one. `make verify` runs it; `make test` runs it by `tests/e2e/test_verify.py`.
"""

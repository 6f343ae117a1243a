"""The acceptance suite: checks a running stack from outside, with its URL and its API key.

It uses neither the emulator nor the package, so it checks a stack in AWS in the same way as a local
one. `make verify` runs it; `make test` runs it through `tests/e2e/test_verify.py`.
"""

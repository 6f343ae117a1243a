"""What `make security` adds to the tools it runs."""

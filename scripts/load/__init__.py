"""The load test: conversations in at a chosen pace, and how long their insights take."""

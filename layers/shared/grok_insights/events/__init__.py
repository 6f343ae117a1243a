"""The use case of the events function: tells others what happened to insights."""

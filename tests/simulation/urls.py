"""The addresses of the queue and of its dead-letter queue."""

from __future__ import annotations

QUEUE, DEAD = (
    "https://sqs.us-east-1.amazonaws.com/123456789012/analysis",
    "https://sqs.us-east-1.amazonaws.com/123456789012/dead",
)

"""The same API behind other frameworks: what ours is measured against. Never deployed.

Each baseline has our routes, rate limit, responses and use cases, so that what differs is the HTTP
framework and how the AWS clients are made. Each is written as the manuals of its framework and of
boto3 show it. Ours does more than they do: ETags, compression, security headers, HEAD.
"""

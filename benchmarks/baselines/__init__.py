"""The same API on other frameworks, for comparison with ours. Never deployed.

Each baseline has our routes, rate limit, responses and use cases. Only the HTTP framework and the
way the AWS clients are made differ. Each is written as the manuals of its framework and of boto3
show it. Our API does more: ETags, compression, security headers, HEAD.
"""

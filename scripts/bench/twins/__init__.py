"""The same API behind other doors: what ours is measured against. Never deployed.

Each twin has our routes, our rate limit, our answers and our use cases, so that what differs is the
door and how the AWS clients are made. Each is written as the manuals of its framework and of boto3
would have it. Ours does a little more than they: ETags, compression, security headers, HEAD.
"""

"""The same API behind other doors: what ours is measured against. Never deployed.

Each twin has our routes, our rate limit, our answers and our use cases with the very same AWS
clients, so that what differs is the door alone. Each is written as its framework's manual would
have it. Ours does a little more than they: ETags, compression, security headers, HEAD.
"""

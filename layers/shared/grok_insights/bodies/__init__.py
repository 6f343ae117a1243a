"""The bodies of the API's responses, field by field.

A body is a dictionary. Its type tells mypy what a route returns, and pydantic what the description
of the API says of it; no response is checked while the functions run.
"""

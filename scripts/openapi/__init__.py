"""Describes the API in OpenAPI 3.1: routes and models from the functions, words from here."""

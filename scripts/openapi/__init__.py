"""Describe the API in OpenAPI 3.1: routes and models come from the functions, texts from here."""

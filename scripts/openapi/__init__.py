"""Describes the API in OpenAPI 3.1: requests from the functions themselves, answers from here."""

"""How much and when: sizes, limits and delays. Pure: time and randomness are passed in."""

"""How the mock reads a conversation: word lists and rules, the same answer for the same text."""

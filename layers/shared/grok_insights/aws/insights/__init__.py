"""The Insights table: one item a conversation, lists in the order of time, and a recount."""

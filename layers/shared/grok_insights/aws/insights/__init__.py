"""The Insights table: the items of insights, lists in the order of time, and a recount."""

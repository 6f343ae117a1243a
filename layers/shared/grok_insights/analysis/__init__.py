"""The use case of the analysis function: one batch of messages, from the queue to saved insights.

Start with `batch`. `admission` decides whether calls may start, `calls` makes them, `outcomes` and
`requeue` end them, `report` adds up what happened. `retry_policy` and `batch_size` are pure rules.
"""

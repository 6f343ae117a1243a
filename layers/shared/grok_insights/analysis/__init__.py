"""The use case of the analysis function: one batch of messages, from the queue to saved insights.

Start with `batch`. `waves` works through it: `admission` decides whether calls may start, `calls`
makes them, `feedback` and `refusals` judge them, `outcomes`, `saving` and `requeue` end them, and
`report` adds up what happened. `retry_policy` and `batch_size` are pure rules.
"""

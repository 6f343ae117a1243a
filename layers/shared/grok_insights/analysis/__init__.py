"""The use case of the analysis function: analyse one batch of messages and save the insights.

Start with `batch`. A batch is processed in waves (`waves`). For each wave, `admission` decides
whether calls may start and `calls` makes them. `feedback` and `refusals` evaluate the results.
`outcomes`, `saving` and `requeue` save insights and send messages again. `report` counts what
happened. `retry_policy` and `batch_size` are pure rules.
"""

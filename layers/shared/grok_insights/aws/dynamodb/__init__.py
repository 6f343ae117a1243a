"""What every table is read and written with: attribute values, batches, transactions, shards."""

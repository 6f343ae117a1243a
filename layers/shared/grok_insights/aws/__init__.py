"""DynamoDB and SQS, one file a table or queue. Nothing else in the package calls AWS."""

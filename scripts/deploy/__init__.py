"""`make deploy ENV=staging`: deploy an environment of samconfig.toml to an AWS account."""

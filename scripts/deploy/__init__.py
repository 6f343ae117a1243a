"""`make deploy ENV=staging`: an environment of samconfig.toml, brought into an AWS account."""

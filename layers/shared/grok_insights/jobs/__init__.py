"""The use cases of jobs: uploads, jobs, and the steps that a state machine calls."""

"""The use case of jobs that analyse stored insights again.

All slices are read several times. The first pass counts and estimates. The next one sends a message
for each insight that the job has not replaced. Further passes send those that are left, for example
after a cancellation. The job ends with a pass that has sent nothing.
"""

"""The use cases of jobs on stored insights, which are read in slices.

`slices` reads them, whatever the kind of the job. What is done with them differs: `resend` sends
them to the analysis again, `remap` maps their topics and segments anew, and `export` writes them
into a file.
"""

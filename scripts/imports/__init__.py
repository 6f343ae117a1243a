"""`make import`: uploads a file in parts, starts the job that imports it, and shows its progress.

An interrupted command goes on where it stopped: parts that S3 has are not sent again, and a job
that failed or was cancelled is started again.
"""

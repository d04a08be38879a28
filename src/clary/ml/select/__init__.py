"""S3 Select's engine: one SQL expression over the bytes of one object, by DuckDB, in a job process.

The expression is parsed by a parser of our own and translated construct by construct: nothing of it reaches DuckDB but
operators and functions that are named here, its constants quoted. CSV and JSON are read from a pipe while they come, so
that neither memory nor disk grows with the object; Parquet, which is read from its end, is kept in a file meanwhile.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference.html
"""

"""The algorithms, the data formats and the engines. Runs in job processes, and as a library."""

"""From the bytes of a request to the input of an operation: one file for each protocol."""

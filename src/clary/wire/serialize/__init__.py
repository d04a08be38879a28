"""From the result of an operation, or an error, to the bytes of a response: one file for each protocol."""

"""What users get for their own tests: a server in the process and a pytest plugin."""

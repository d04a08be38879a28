"""AWS's protocols: bytes to (service, operation, request) and back. Knows no service."""

"""What must survive: metadata in SQL, blobs as files, append-only logs. Knows no service."""

"""Runs programs: queue, leases, sandboxes, model hosts, logs, interruptions. Imports `state` only."""

"""What users get for their own tests: a server in the process, a clock to move, and pytest fixtures."""

from clary.testing.clock import FakeClock
from clary.testing.server import Server

__all__ = ["FakeClock", "Server"]

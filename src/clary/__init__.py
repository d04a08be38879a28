"""Clary: a machine-learning cloud for your own machines. It speaks AWS's protocols and really does the work."""

__version__ = "0.1.0"

"""Every test that wants a server gets its own."""

pytest_plugins = ["clary.testing.plugin"]

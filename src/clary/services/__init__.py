"""One folder for each AWS service. A service never imports another one: it calls its public API."""

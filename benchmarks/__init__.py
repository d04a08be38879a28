"""Each figure that Clary claims, as a ratio against a named peer or a physical limit, measured side by side in one
run."""

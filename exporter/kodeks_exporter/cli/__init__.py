"""From command line arguments to calls."""

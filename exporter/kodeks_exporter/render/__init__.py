"""Writes the files that Prometheus and Alertmanager need for a fleet, from kodeks.yml alone."""

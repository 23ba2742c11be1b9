"""The HTTP server: metrics for Prometheus, the status page for people. It computes no metrics itself."""

"""When what runs: intervals, jitter, limits on concurrency, back-off. Knows nothing of what is run."""

"""From the store to metric families, one file a subject. Does no I/O."""

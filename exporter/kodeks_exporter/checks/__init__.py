"""Live checks: one file a check, all with one signature; ``chain`` decides what runs and what blocks what."""

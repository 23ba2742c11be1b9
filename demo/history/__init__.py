"""A year of a distributor's fleet as OpenMetrics, and what is true of it; ``demo/year`` makes blocks of it.

The same people as in the stand's reports, seen through the metrics that the exporter would have had. Not everything is
sampled every hour, or the year would be fifty times as large: see ``families.py``.
"""

"""A year of a distributor's fleet as OpenMetrics, and what is true of it.

    python -m demo.history --output openmetrics.txt --truth truth.json
    promtool tsdb create-blocks-from openmetrics --max-block-duration=744h openmetrics.txt DATA

The same people as in the stand's reports, seen through the metrics that the exporter would have had. Not everything is
sampled every hour, or the file would be fifty times as long: see ``families.py``. Query it with
``--query.lookback-delta=25h``.
"""

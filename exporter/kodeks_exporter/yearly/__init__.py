"""The yearly report for a client's decision maker, from what Prometheus' HTTP API says. Knows nothing of the exporter.

``prometheus`` asks, ``clients`` finds out who is there, ``gather`` makes plain ``facts`` of the answers, ``judge``
draws conclusions by documented rules (docs/report.md), ``advice``, ``tiles`` and ``view`` put them into words,
``pages`` into HTML with the charts of ``svg``; ``write`` makes files of them.
"""

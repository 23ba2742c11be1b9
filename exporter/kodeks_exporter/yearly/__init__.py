"""The yearly report for a client's decision maker, from what Prometheus' HTTP API says.

Independent of the running exporter. ``prometheus`` asks, ``clients`` lists the clients, ``gather`` turns the answers
into plain ``facts``, ``judge`` draws conclusions by documented rules (docs/report.md), ``advice``, ``tiles`` and
``view`` put them into words, ``pages`` into HTML with the charts of ``svg``; ``write`` writes the files.
"""

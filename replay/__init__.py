"""Replays a scripted incident through Prometheus' rule engine and Alertmanager, and tells who would have got what.

``python -m replay CASE``; docs/replay.md says what is real here, and what is scaled.
"""

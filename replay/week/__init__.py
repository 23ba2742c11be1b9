"""A measured week: how many messages a manager gets, about what, and whether what matters was reported.

``python -m replay.week``; docs/replay.md.
"""

"""A measured week: how many messages a manager gets, of what, and whether what matters was told.

``python -m replay.week``; docs/replay.md.
"""

"""Joins the rooms, one file a stream: ``exporter`` (rounds, HTTP, reload), ``reports``, ``online``, ``reaction``."""

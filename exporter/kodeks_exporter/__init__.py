"""Prometheus exporter for the Russian reference system Kodeks/Техэксперт."""

__version__ = "0.1.0"

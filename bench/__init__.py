"""Measurements: each prints a figure beside a named peer or bound of the same run. They gate no test."""

"""The year of history as Prometheus would have kept it: the samples, and what the recording rules made of them.

    python -m demo.year --serve        # builds or finds it under .cache/year, then runs a Prometheus over it

promtool's own ``create-blocks-from rules`` asks once for every two hours of the year and leaves thousands of blocks.
Here every rule is asked for once per block, and each block is written once, as Prometheus lays them out (20.25 days).
"""

from demo.year.build import END, Year, build
from demo.year.prometheus import serve

__all__ = ["END", "Year", "build", "serve"]

"""The Grafana dashboards as code: ``python -m dashboards`` writes ``grafana-dashboards/``.

A board is a module of ``dashboards.boards`` with ``BOARD``; each kind of panel is written once, in ``panels`` and
``tables``. ``queries`` makes the PromQL with Grafana's variables.
"""

from dashboards.boards import ALL
from dashboards.model import Board, Panel, Section, Target

__all__ = ["ALL", "Board", "Panel", "Section", "Target"]

"""The Grafana dashboards as code: ``python -m dashboards`` writes ``grafana-dashboards/``.

A board is a module of ``dashboards.boards`` with ``BOARD``; a panel of each kind is written once, in ``panels`` and
``tables``. What is asked of Prometheus is PromQL with Grafana's variables, made by ``queries``.
"""

from dashboards.boards import ALL
from dashboards.model import Board, Panel, Section, Target

__all__ = ["ALL", "Board", "Panel", "Section", "Target"]

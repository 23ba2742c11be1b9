"""Every dashboard as its file has it, built once for all tests."""

from __future__ import annotations

import json
from typing import Any

from dashboards import ALL

DOCUMENTS: dict[str, dict[str, Any]] = {board.name: json.loads(board.json()) for board in ALL}

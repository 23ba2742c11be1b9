"""One module per dashboard; each has ``BOARD``. New modules are found automatically."""

import importlib
import pkgutil

from dashboards.model import Board


def _found() -> tuple[Board, ...]:
    boards = []
    for each in pkgutil.iter_modules(__path__):
        board = importlib.import_module(f"{__name__}.{each.name}").BOARD
        if not isinstance(board, Board) or board.name != each.name.replace("_", "-"):
            raise TypeError(f"dashboards/boards/{each.name}.py: BOARD must be a Board of the module's name")
        boards.append(board)
    return tuple(sorted(boards, key=lambda board: board.name))


ALL: tuple[Board, ...] = _found()
"""Every dashboard, by name."""

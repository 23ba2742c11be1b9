"""Reads kodeks.yml into the domain's settings, or tells every problem of it at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kodeks_exporter.config import build, document, rules
from kodeks_exporter.config.problems import ConfigError, Problem, key_path
from kodeks_exporter.config.schema import Document
from kodeks_exporter.config.secrets import Surroundings
from kodeks_exporter.config.validate import validate
from kodeks_exporter.domain.settings import Settings

__all__ = ["ConfigError", "Problem", "load"]


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a kodeks.yml, defaults filled in and secrets resolved.

    Relative paths in the file start from its folder. Raises ConfigError with every problem that was found; nothing
    else, and no text of a secret ever stands in it.
    """
    node, problems = document.read(path)
    data = node.plain()
    typed, findings = validate(Document, data, Surroundings(path.parent, environ))
    for loc, message in [*findings, *rules.findings(data)]:
        line, way = node.find(loc)
        problem = Problem(str(path), line, key_path(way), message)
        if problem not in problems:
            problems.append(problem)
    if problems or typed is None:
        raise ConfigError(problems)
    return build.settings(typed, path)

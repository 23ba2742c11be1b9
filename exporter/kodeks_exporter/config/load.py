"""Reads kodeks.yml into settings, or reports every problem of it at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from kodeks_exporter.config import document, rules
from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.problems import ConfigError, Problem, key_path
from kodeks_exporter.config.secrets import Surroundings
from kodeks_exporter.config.typed import read
from kodeks_exporter.settings.fleet import Fleet, Manager
from kodeks_exporter.settings.settings import Settings

__all__ = ["ConfigError", "Problem", "load"]
M = TypeVar("M", bound=Manager)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a kodeks.yml, defaults filled in and secrets resolved.

    Relative paths in the file start from its folder. Raises ConfigError with every problem that was found; nothing
    else, and no text of a secret ever stands in it.
    """
    node, problems = document.read(path)
    data = node.plain()
    settings, findings = read(Settings, data, Surroundings(path.parent, environ))
    for loc, message in [*findings, *rules.findings(data)]:
        line, way = node.find(loc)
        problem = Problem(str(path), line, key_path(way), message)
        if problem not in problems:
            problems.append(problem)
    if problems or settings is None:
        raise ConfigError(problems)
    return replace(
        settings,
        fleet=_inherited(settings, data),
        alertmanager=replace(settings.alertmanager, ops=_local(settings.alertmanager.ops)),
        source=path,
    )


def _inherited(settings: Settings, data: Plain) -> Fleet:
    """The inventory with what an entry takes from others: its branch, and the fleet's names of processes."""
    fleet, processes = settings.fleet, settings.checks.processes
    branch = {manager.name: manager.branch for manager in fleet.managers.values()}
    own = set(rules.with_processes(data))
    installations = {}
    for name, each in fleet.installations.items():
        snmp = replace(each.snmp, processes=processes) if each.snmp and name not in own else each.snmp
        installations[name] = replace(each, branch=branch[each.manager], snmp=snmp)
    accesses = {name: replace(access, branch=branch[access.manager]) for name, access in fleet.online_accesses.items()}
    return replace(
        fleet,
        managers=MappingProxyType({name: _local(manager) for name, manager in fleet.managers.items()}),
        installations=MappingProxyType(installations),
        online_accesses=MappingProxyType(accesses),
    )


def _local(manager: M) -> M:
    """A time zone that stands among the working hours is the manager's."""
    hours = manager.working_hours
    if hours is None or hours.time_zone is None:
        return manager
    return replace(manager, time_zone=hours.time_zone, working_hours=replace(hours, time_zone=None))

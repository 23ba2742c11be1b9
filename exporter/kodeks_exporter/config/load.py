"""Reads kodeks.yml into settings, or reports every problem of it at once."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from kodeks_exporter.config import rules
from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.parts import read_parts
from kodeks_exporter.config.problems import ConfigError, Problem
from kodeks_exporter.config.secrets import Surroundings
from kodeks_exporter.config.typed import read
from kodeks_exporter.settings.fleet import Fleet, Manager
from kodeks_exporter.settings.settings import Settings

__all__ = ["ConfigError", "Problem", "load"]
M = TypeVar("M", bound=Manager)


def load(path: Path, environ: Mapping[str, str] = os.environ, changes: Plain = None) -> Settings:
    """The settings of a kodeks.yml, defaults filled in and secrets resolved.

    ``changes``: applied over the file. Relative paths start from the file's folder, also in included files. Raises only
    ConfigError, with every problem found; its text never holds a secret.
    """
    parts, problems = read_parts(path)
    data = _with_common(parts.data if changes is None else merged(parts.data, changes))
    settings, findings = read(Settings, data, Surroundings(path.parent, environ))
    for loc, message in [*findings, *rules.findings(data)]:
        problem = parts.problem(loc, message)
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


def _with_common(data: Plain) -> Plain:
    """Merges an installation's own page settings into the common ones."""
    checks = data.get("checks") if isinstance(data, dict) else None
    installations = data.get("installations") if isinstance(data, dict) else None
    if isinstance(data, dict) and isinstance(checks, dict) and isinstance(installations, list):
        common = {key: checks.get(key) for key in ("paths", "patterns")}
        return {**data, "installations": [_over_common(common, each) for each in installations]}
    return data


def _over_common(common: dict[str, Plain], entry: Plain) -> Plain:
    if not isinstance(entry, dict):
        return entry
    return {key: merged(common[key], own) if key in common and own else own for key, own in entry.items()}


def merged(base: Plain, changes: Plain) -> Plain:
    """``changes`` over ``base``: mappings key by key, lists of named entries by name, all else as a whole."""
    if isinstance(base, dict) and isinstance(changes, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in changes.items()}}
    if isinstance(base, list) and isinstance(changes, list) and all(_name(each) for each in changes):
        ours = {_name(each): each for each in changes}
        kept = [merged(each, ours.pop(_name(each), each)) for each in base]
        return [*kept, *ours.values()]
    return changes


def _name(entry: Plain) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else ""


def _inherited(settings: Settings, data: Plain) -> Fleet:
    """The inventory with inherited values: the branch, and the fleet's process names."""
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
    """A time zone given with the working hours is the manager's."""
    hours = manager.working_hours
    if hours is None or hours.time_zone is None:
        return manager
    return replace(manager, time_zone=hours.time_zone, working_hours=replace(hours, time_zone=None))

"""A branch's own copy of a dashboard, where several branches share one Grafana."""

from __future__ import annotations

import json
import re
from typing import Any

UID_LENGTH = 40
"""Longest uid that Grafana takes."""


def for_branch(text: str, branch: str) -> str:
    """The dashboard's JSON with uids, links and tags of its own, and only data sources whose name has the branch in it.

    What a branch may see is decided by the data source (docs: grafana-dashboards/README.md), not by this file.
    """
    made: dict[str, Any] = json.loads(re.sub(r"/d/kodeks-([a-z-]+)", rf"/d/kodeks-{branch}-\1", text))
    made["uid"] = f"kodeks-{branch}-{made['uid'].removeprefix('kodeks-')}"
    if len(made["uid"]) > UID_LENGTH:
        raise ValueError(f"{made['uid']}: longer than the {UID_LENGTH} characters that Grafana takes")
    made["tags"] = [f"kodeks-{branch}" if tag == "kodeks" else tag for tag in made["tags"]]
    for link in made["links"]:
        link["tags"] = [f"kodeks-{branch}" if tag == "kodeks" else tag for tag in link["tags"]]
    for variable in made["templating"]["list"]:
        if variable["type"] == "datasource":
            variable["regex"] = f"/{branch}/i"
        if variable["name"] == "branch":
            variable["current"] = {"selected": True, "text": [branch], "value": [branch]}
            variable["hide"] = 2
    return json.dumps(made, ensure_ascii=False, indent=2, sort_keys=True) + "\n"

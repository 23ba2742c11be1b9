"""A branch's own copy of a dashboard, where several branches share one Grafana."""

import hashlib
import json
import re
from typing import Any

UID_LENGTH = 40
"""The longest uid that Grafana accepts."""


def uid(name: str, branch: str) -> str:
    """The uid of a branch's copy of a dashboard; a long file name is replaced by a hash."""
    whole = f"kodeks-{branch}-{name}"
    if len(whole) <= UID_LENGTH:
        return whole
    return f"kodeks-{branch}-{hashlib.sha256(name.encode()).hexdigest()}"[:UID_LENGTH]


def for_branch(text: str, branch: str) -> str:
    """The dashboard's JSON with uids, links and tags of its own, and only data sources whose name has the branch in it.

    The data source (see grafana-dashboards/README.md), not this file, decides what a branch may see.
    """
    linked = re.sub(r"/d/kodeks-([a-z-]+)", lambda match: f"/d/{uid(match[1], branch)}", text)
    made: dict[str, Any] = json.loads(linked)
    made["uid"] = uid(made["uid"].removeprefix("kodeks-"), branch)
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

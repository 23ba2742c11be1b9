"""What panels and tables say of single fields: limits, words for values, overrides, and how answers become a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import dashboard

from dashboards.standard import Scale
from dashboards.words import Words


def thresholds(scale: Scale) -> dashboard.ThresholdsConfig:
    steps = [dashboard.Threshold(value=None, color=scale.base)]
    steps += [dashboard.Threshold(value=value, color=color) for value, color in scale.steps]
    return dashboard.ThresholdsConfig(mode=dashboard.ThresholdsMode.ABSOLUTE, steps=steps)


def mappings(words: Words) -> list[dashboard.ValueMapping]:
    """Texts and colours for values; a key ``nan`` or ``null`` is the special value, ``/…/`` a regular expression."""
    found: list[dashboard.ValueMapping] = []
    plain: dict[str, dashboard.ValueMappingResult] = {}
    for index, (value, word) in enumerate(words.items()):
        result = dashboard.ValueMappingResult(text=word.text, color=word.color, index=index)
        if value in ("nan", "null"):
            match_ = dashboard.SpecialValueMatch(value)
            special = dashboard.DashboardSpecialValueMapOptions(match=match_, result=result)
            found.append(dashboard.SpecialValueMap(special))
        elif value.startswith("/"):
            found.append(dashboard.RegexMap(dashboard.DashboardRegexMapOptions(pattern=value, result=result)))
        else:
            plain[value] = result
    if plain:
        found.append(dashboard.ValueMap(plain))
    return found


def override(name: str, properties: Mapping[str, object]) -> dashboard.DashboardFieldConfigSourceOverrides:
    """Properties of the field with that name."""
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val="byName", options=name),
        properties=[dashboard.DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()],
    )


def shaped(
    names: Mapping[str, str], *, many: bool, sort: str = "", descending: bool = False
) -> Sequence[dashboard.DataTransformerConfig]:
    """Tables of several queries become one, with these fields only, renamed and in this order."""
    steps = [dashboard.DataTransformerConfig(id_val="merge", options={})] if many else []
    steps.append(dashboard.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": [*names]}}))
    order = {name: place for place, name in enumerate(names)}
    organized = {"excludeByName": {}, "indexByName": order, "renameByName": dict(names)}
    steps.append(dashboard.DataTransformerConfig(id_val="organize", options=organized))
    if sort:
        by = [{"field": sort, "desc": descending}]
        steps.append(dashboard.DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": by}))
    return steps

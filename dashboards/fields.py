"""Settings of single fields in panels and tables: limits, texts for values, overrides, and the transformation into a
table."""

from collections.abc import Mapping, Sequence
from typing import Literal

from grafana_foundation_sdk.models import dashboard

from dashboards.standard import Scale
from dashboards.words import Word, Words

_SPECIAL = ("null", "null+nan", "nan")


def thresholds(scale: Scale) -> dashboard.ThresholdsConfig:
    steps = [dashboard.Threshold(value=None, color=scale.base)]
    steps += [dashboard.Threshold(value=value, color=color) for value, color in scale.steps]
    return dashboard.ThresholdsConfig(mode=dashboard.ThresholdsMode.ABSOLUTE, steps=steps)


def mappings(words: Words) -> list[dashboard.ValueMapping]:
    """Texts and colours for values; a key ``nan``, ``null`` or ``null+nan`` is the special value, ``/…/`` a regular
    expression.

    In the order in which Grafana tries them: it takes the first match, whatever their ``index``. ``null`` comes before
    ``nan``, which matches absent values as well.
    """
    plain: dict[str, dashboard.ValueMappingResult] = {}
    special: dict[str, dashboard.ValueMapping] = {}
    patterns: list[dashboard.ValueMapping] = []
    for index, (value, word) in enumerate(words.items()):
        result = dashboard.ValueMappingResult(text=word.text, color=word.color, index=index)
        if value in _SPECIAL:
            options = dashboard.DashboardSpecialValueMapOptions(match=dashboard.SpecialValueMatch(value), result=result)
            special[value] = dashboard.SpecialValueMap(options)
        elif value.startswith("/"):
            patterns.append(dashboard.RegexMap(dashboard.DashboardRegexMapOptions(pattern=value, result=result)))
        else:
            plain[value] = result
    values: list[dashboard.ValueMapping] = [dashboard.ValueMap(plain)] if plain else []
    return [*values, *(special[value] for value in _SPECIAL if value in special), *patterns]


def unknown(text: str, color: str) -> Words:
    """Text and colour of an unknown number, which would otherwise take the colour of the lowest limit, as if it were
    good or bad.

    Not for columns of labels: to Grafana every text that is not a number is ``nan``.
    """
    return {"null+nan": Word(text, color)}


def override(
    name: str, properties: Mapping[str, object], *, by: Literal["byName", "byType"] = "byName"
) -> dashboard.DashboardFieldConfigSourceOverrides:
    """Properties of the field with that name, or of all fields of a type (``string``, ``number``)."""
    return dashboard.DashboardFieldConfigSourceOverrides(
        matcher=dashboard.MatcherConfig(id_val=by, options=name),
        properties=[dashboard.DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()],
    )


def shaped(
    names: Mapping[str, str], *, many: bool, sort: str = "", descending: bool = False, times: Sequence[str] = ()
) -> Sequence[dashboard.DataTransformerConfig]:
    """Tables of several queries become one, with these fields only, renamed and in this order. ``times``: fields
    with ISO times as text, converted to times."""
    steps = [dashboard.DataTransformerConfig(id_val="merge", options={})] if many else []
    if times:
        # without a format Grafana expects the one set for full dates
        form = {"destinationType": "time", "dateFormat": "YYYY-MM-DD[T]HH:mm:ss"}
        conversions = [{"targetField": name, **form} for name in times]
        options = {"conversions": conversions, "fields": {}}
        steps.append(dashboard.DataTransformerConfig(id_val="convertFieldType", options=options))
    steps.append(dashboard.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": [*names]}}))
    order = {name: place for place, name in enumerate(names)}
    organized = {"excludeByName": {}, "indexByName": order, "renameByName": dict(names)}
    steps.append(dashboard.DataTransformerConfig(id_val="organize", options=organized))
    if sort:
        by = [{"field": sort, "desc": descending}]
        steps.append(dashboard.DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": by}))
    return steps

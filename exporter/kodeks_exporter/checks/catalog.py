"""Are all catalogs assembled, by ``/sysinfo/metrics``? (Known: 0 is good, 1 is bad; ``status`` names the reason.)"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.errors import CheckError
from kodeks_exporter.checks.verdict import Verdict, failed, ok, skipped
from kodeks_exporter.domain.check import CatalogFacts, CatalogState
from kodeks_exporter.domain.fleet import Installation

_MAX_CATALOGS = 50
_MAX_REASON = 60
_MAX_LENGTH = 256 * 1024

_REASONS = {
    "update DB": "обновляются или подключаются базы",
    "unexpected change list products": "неожиданно изменился состав продуктов",
    "no required volume DB": "нет нужного тома базы",
}


@dataclass
class _Catalog:
    main_page: str | None = None
    products: str | None = None
    """None: not reported; empty: good; else the reason."""


def applies(installation: Installation) -> bool:
    return bool(installation.url)


def check(_installation: Installation, context: Context) -> Verdict:
    path = context.settings.paths.catalogs
    try:
        response = context.connection.get(path, context.credentials)
    except CheckError as error:
        return skipped(error.reason, f"{path}: {error.text}")
    if response.status != 200:
        text = f"{path} отвечает кодом {response.status}: нужен модуль sysinfo 2.0.6.7 или новее"
        return skipped(f"http_{response.status}", text)
    try:
        catalogs = _parse(response.body[:_MAX_LENGTH].decode("utf-8", "replace"))
    except ValueError:
        return skipped("not_understood", f"{path} не читается как метрики")
    if not catalogs:
        return skipped("not_understood", f"в {path} нет сведений о каталогах")
    facts = CatalogFacts(
        tuple(
            CatalogState(
                name,
                None if c.main_page is None else not c.main_page,
                c.main_page or "",
                None if c.products is None else not c.products,
                c.products or "",
            )
            for name, c in catalogs.items()
        )
    )
    broken = [f"{name} — {_in_words(c)}" for name, c in catalogs.items() if c.main_page or c.products]
    return failed("broken", "; ".join(broken)[:500], facts) if broken else ok(facts)


def _in_words(catalog: _Catalog) -> str:
    reasons = dict.fromkeys(reason for reason in (catalog.main_page, catalog.products) if reason)
    return ", ".join(_REASONS.get(reason, reason) for reason in reasons)


def _parse(text: str) -> dict[str, _Catalog]:
    catalogs: dict[str, _Catalog] = {}
    for family in text_string_to_metric_families(text):
        if family.name not in ("kserver_main_page", "kserver_product_control"):
            continue
        for sample in family.samples:
            path = sample.labels.get("path", "")[:_MAX_REASON]
            if path not in catalogs and len(catalogs) >= _MAX_CATALOGS:
                continue
            catalog = catalogs.setdefault(path, _Catalog())
            reason = "" if sample.value == 0 else sample.labels.get("status", "")[:_MAX_REASON] or "unknown"
            if family.name == "kserver_main_page":
                catalog.main_page = reason
            else:
                catalog.products = reason
    return catalogs

"""Are all catalogs assembled, by ``/sysinfo/metrics``?"""

from kodeks_exporter.checks.catalog_metrics import MAX_LENGTH, parse_catalogs
from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, failed, ok, skipped, skipped_by
from kodeks_exporter.domain.check import CatalogFacts, CatalogState
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.checks import Patterns
from kodeks_exporter.settings.fleet import Installation

_REASONS = {
    "update DB": "обновляются или подключаются базы",
    "unexpected change list products": "неожиданно изменился состав продуктов",
    "no required volume DB": "нет нужного тома базы",
}


def check(_installation: Installation, context: Context) -> Verdict:
    path = context.settings.paths.catalogs
    try:
        response = context.ask(path)
    except CheckError as error:
        return skipped_by(error, f"{path}: {error.text}")
    if response.status != 200:
        text = f"{path} отвечает кодом {response.status}: нужен модуль sysinfo 2.0.6.7 или новее"
        return skipped(f"http_{response.status}", text)
    facts = context.concluded(_read, response)
    if facts is None:
        return skipped("not_understood", f"{path} не читается как метрики")
    if not facts.catalogs:
        return skipped("not_understood", f"в {path} нет сведений о каталогах")
    broken = [f"{c.path} — {_in_words(c)}" for c in facts.catalogs if c.main_page_ok is False or c.products_ok is False]
    return failed("broken", "; ".join(broken)[:500], facts) if broken else ok(facts)


def _read(_patterns: Patterns, response: Response) -> CatalogFacts | None:
    try:
        return parse_catalogs(response.body[:MAX_LENGTH].decode("utf-8", "replace"))
    except ValueError:
        return None


def _in_words(catalog: CatalogState) -> str:
    reasons = dict.fromkeys(reason for reason in (catalog.main_page_reason, catalog.products_reason) if reason)
    return ", ".join(_REASONS.get(reason, reason) for reason in reasons)

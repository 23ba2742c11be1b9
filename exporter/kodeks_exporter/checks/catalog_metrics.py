"""Reads what ``/sysinfo/metrics`` says about catalogs. (Known: 0 is good, 1 is bad; ``status`` names the reason.)"""

import math
from dataclasses import dataclass

from kodeks_exporter.checks.metrics_text import parse_samples, sample_lines
from kodeks_exporter.domain.check import CatalogFacts, CatalogState

MAIN_PAGE = "kserver_main_page"
PRODUCTS = "kserver_product_control"
MAX_LENGTH = 256 * 1024
"""Characters that are worth reading."""
_MAX_CATALOGS = 50
_MAX_TEXT = 60


@dataclass(slots=True)
class _Catalog:
    main_page: str | None = None
    products: str | None = None
    """None: not reported; empty: good; else the reason."""


def parse_catalogs(text: str) -> CatalogFacts:
    """Catalogs in the order of the text, whatever else is in it; none when it mentions none. Raises ValueError when no
    line is a metric."""
    catalogs: dict[str, _Catalog] = {}
    samples = list(sample_lines(text.lstrip("\ufeff").split("\n")))
    if not samples and text.strip():
        raise ValueError("no line is a sample")
    ours = "".join(f"{line}\n" for name, line in samples if name in (MAIN_PAGE, PRODUCTS))
    for sample in parse_samples(ours):
        if not math.isfinite(sample.value):
            continue
        path = sample.labels.get("path", "")[:_MAX_TEXT]
        if path not in catalogs and len(catalogs) >= _MAX_CATALOGS:
            continue
        catalog = catalogs.setdefault(path, _Catalog())
        reason = "" if sample.value == 0 else sample.labels.get("status", "")[:_MAX_TEXT] or "unknown"
        if sample.name == MAIN_PAGE:
            catalog.main_page = reason
        else:
            catalog.products = reason
    return CatalogFacts(
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

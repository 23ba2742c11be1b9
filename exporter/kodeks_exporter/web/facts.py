"""Facts that a check found besides success or failure, in Russian."""

from datetime import tzinfo

from kodeks_exporter.domain.check import (
    CatalogFacts,
    CatalogState,
    CheckResult,
    DnsFacts,
    HttpFacts,
    ProtectionFacts,
    ScheduleFacts,
    SeatsFacts,
    SnmpFacts,
    TlsFacts,
)
from kodeks_exporter.web import words


def facts(result: CheckResult, zone: tzinfo | None) -> tuple[str, ...]:
    """Short phrases; empty when there is nothing to say. Dates are in ``zone``."""
    match result.facts:
        case DnsFacts(resolved, working):
            found = (f"адрес {', '.join(resolved)}",) if resolved else ()
            return (*found, f"по IP отвечает: {', '.join(working)}") if working else found
        case HttpFacts(code):
            return (f"код {code}",)
        case TlsFacts(expires):
            return (f"сертификат до {words.at(expires, zone):%d.%m.%Y}",)
        case ProtectionFacts(code, _) if code:
            return (f"код ошибки защиты {code}",)
        case CatalogFacts(catalogs):
            return tuple(phrase for catalog in catalogs for phrase in _catalog(catalog))
        case SnmpFacts(disks, processes):
            sizes = tuple(f"{d.partition} свободно {_gib(d.free)} из {_gib(d.size)} ГБ" for d in disks)
            return sizes + tuple(f"{name}: {'работает' if runs else 'не запущен'}" for name, runs in processes.items())
        case ScheduleFacts(restart, backup):
            times = (("перезапуск", restart), ("резервное копирование", backup))
            return tuple(f"{what} в {when:%H:%M}" for what, when in times if when is not None)
        case SeatsFacts(seats, used) if used is not None:
            return (f"занято {used}" + (f" из {seats}" if seats is not None else ""),)
        case SeatsFacts(seats, _) if seats is not None:
            return (f"всего мест {seats}",)
        case _:
            return ()


def _catalog(catalog: CatalogState) -> tuple[str, ...]:
    parts = (
        ("главная страница", catalog.main_page_ok, catalog.main_page_reason),
        ("состав продуктов", catalog.products_ok, catalog.products_reason),
    )
    broken = [f"{what}: {reason or 'неисправно'}" for what, good, reason in parts if good is False]
    return (f"{catalog.path} — {', '.join(broken)}",) if broken else ()


def _gib(size: int) -> str:
    return words.decimal(size / 2**30)

"""Parts of a dashboard, and how they become Grafana's classic JSON."""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.variables import DATASOURCE, Variable

WIDTH = 24
"""Columns of Grafana's grid."""

SCHEMA = 37
"""Of Grafana 9.4. Newer versions migrate it themselves, including the colours of table cells."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query to Prometheus: PromQL with Grafana's variables."""

    expr: str
    legend: str = ""
    """Name of a series; may hold labels: ``{{client}}``."""
    instant: bool = False
    """Evaluate at the end of the time range only."""
    step: str = ""
    """Smallest step of a range query (``1h``, ``1d``), for sparse recording rules."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; made by ``panels`` and ``tables``."""

    made: models.Panel
    queries: tuple[Query, ...]
    width: int
    height: int

    @property
    def title(self) -> str:
        return self.made.title or ""

    @property
    def about(self) -> str:
        return self.made.description or ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading across the board."""

    title: str


@dataclass(frozen=True, slots=True)
class Target:
    """A query and its place."""

    board: str
    panel: str
    ref: str
    query: Query


@dataclass(frozen=True, slots=True)
class Annotation:
    """Time spans shown on all time series of a board: while ``expr`` gives series, one span per label set."""

    name: str
    expr: str
    text: str
    """May hold labels: ``{{client}}``."""
    step: str
    """Step of the query; samples no further apart belong to one span."""
    color: str


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    name: str
    """Name of its file; the uid is ``kodeks-NAME``."""
    title: str
    about: str
    rows: Sequence[Sequence[Panel] | Section]
    """From the top; the panels of a row are side by side, at most 24 wide."""
    variables: Sequence[Variable]
    tags: Sequence[str] = ()
    time: str = "24h"
    """Initial range up to now (``24h``, ``30d``, ``400d``)."""
    refresh: str = ""
    """``1m`` …; empty: only manually, for long ranges."""
    links: Sequence[models.DashboardLink] = field(default=())
    annotations: Sequence[Annotation] = ()

    @property
    def uid(self) -> str:
        return f"kodeks-{self.name}"

    @property
    def one_client(self) -> bool:
        """Whether it needs one client and shows nothing for all of them."""
        return any(each.name == "client" and not (each.many and each.every) for each in self.variables)

    def panels(self) -> Iterator[Panel]:
        for row in self.rows:
            if not isinstance(row, Section):
                yield from row

    def targets(self) -> Iterator[Target]:
        """Every query of every panel."""
        for panel in self.panels():
            for ref, query in zip(refs(len(panel.queries)), panel.queries, strict=True):
                yield Target(self.name, panel.title, ref, query)

    def json(self) -> str:
        """The file's text."""
        made = self._made()
        text = json.dumps(made, cls=JSONEncoder, ensure_ascii=False, indent=2, sort_keys=True)
        return text + "\n"

    def _made(self) -> models.Dashboard:
        board = (
            builders.Dashboard(self.title)
            .uid(self.uid)
            .description(self.about)
            .tags(["kodeks", _FEW if self.one_client else _MANY, *self.tags])
            .readonly()
            .time(f"now-{self.time}", "now")
            .timezone("browser")
            .week_start("monday")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .refresh(self.refresh)
            .variables([each.builder() for each in self.variables])
            .links([_Ready(link) for link in (*self.links, *self._menus())])
            .build()
        )
        board.schema_version = SCHEMA
        board.annotations = models.AnnotationContainer([_Spans(each) for each in self.annotations])
        for variable in (board.templating and board.templating.list_val) or ():
            # Grafana keeps variables by ``id ?? name``, and the library gives all of them the same id.
            variable.id_val = variable.name
        board.panels = [*self._placed()]
        return board

    def _menus(self) -> Iterator[models.DashboardLink]:
        """Both kinds of dashboards. Links keep the filters, except «All» clients where one is needed."""
        yield _menu("Дашборды Кодекса", "Другие дашборды с теми же фильтрами", _MANY, filters=True)
        about = "Дашборды об одном клиенте" + ("" if self.one_client else ": выберите его там")
        yield _menu("Об одном клиенте", about, _FEW, filters=self.one_client)

    def _placed(self) -> Iterator[models.Panel | models.RowPanel]:
        number = y = 0
        for row in self.rows:
            if isinstance(row, Section):
                number += 1
                place = models.GridPos(x=0, y=y, w=WIDTH, h=1)
                yield builders.Row(row.title).id(number).grid_pos(place).build()
                y += 1
                continue
            x = 0
            for panel in row:
                number += 1
                made = copy.deepcopy(panel.made)
                made.id_val = number
                made.grid_pos = models.GridPos(x=x, y=y, w=panel.width, h=panel.height)
                x += panel.width
                yield made
            y += max(panel.height for panel in row)


class _Spans(models.AnnotationQuery):
    """An annotation with the additional keys of Grafana's data source for Prometheus."""

    def __init__(self, spans: Annotation) -> None:
        super().__init__(spans.name, DATASOURCE, icon_color=spans.color, expr=spans.expr)
        self._spans = spans

    def to_json(self) -> dict[str, object]:
        own = {"step": self._spans.step, "titleFormat": self._spans.name, "textFormat": self._spans.text}
        return {**super().to_json(), **own}


class _Ready(Builder[models.DashboardLink]):
    """A link that is built already."""

    def __init__(self, link: models.DashboardLink) -> None:
        self._link = link

    def build(self) -> models.DashboardLink:
        return self._link


_MANY, _FEW = "все клиенты", "один клиент"
"""Tags of dashboards for all clients and of those that need one; each kind has a menu."""


def _menu(title: str, about: str, tag: str, *, filters: bool) -> models.DashboardLink:
    return models.DashboardLink(
        title=title,
        type_val=models.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tooltip=about,
        tags=["kodeks", tag],
        as_dropdown=True,
        include_vars=filters,
        keep_time=False,
    )


def refs(number: int) -> list[str]:
    """Grafana's letters of queries: A, B, …, Z, AA, …"""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [(letters[n // 26 - 1] if n >= 26 else "") + letters[n % 26] for n in range(number)]

"""Filters at the top of a dashboard. Each narrows the next: choosing a manager leaves that manager's clients."""

from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that is chosen at the top."""

OURS = ("Kodeks", "kodeks-prometheus")
"""Name and uid of the data source in provisioning/: the default where it exists; else Grafana takes the first by
name."""

_ALL = models.VariableOption(selected=True, text=["All"], value=["$__all"])


@dataclass(frozen=True, slots=True)
class Variable:
    """One filter.

    ``kind``: ``query`` takes its values from Prometheus, ``custom`` from ``query`` itself (``a,b``, or with texts
    ``text : a,other text : b``), ``text`` is typed in (``query``: the default), ``datasource`` is a choice of data
    sources.
    """

    name: str
    label: str
    kind: Literal["datasource", "query", "custom", "text"] = "query"
    query: str = ""
    regex: str = ""
    many: bool = True
    """Several values may be chosen; use ``=~"$name"`` then (Grafana escapes them), else ``="$name"``."""
    every: bool = True
    """With ``many``: all may be chosen, and are by default."""
    all_value: str = ".*"
    """Value for all; empty: each by name, which is faster where filters leave few."""
    hidden: bool = False
    newest_first: bool = False
    default: str = ""
    """Default, if neither all nor the first one."""

    def builder(self) -> Builder[models.VariableModel]:
        match self.kind:
            case "datasource":
                ours = models.VariableOption(selected=True, text=OURS[0], value=OURS[1])
                return builders.DatasourceVariable(self.name).label(self.label).type("prometheus").current(ours)
            case "text":
                current = models.VariableOption(selected=True, text=self.query, value=self.query)
                return builders.TextBoxVariable(self.name).label(self.label).default_value(self.query).current(current)
            case "custom":
                return self._custom()
        return self._asked()

    def _custom(self) -> Builder[models.VariableModel]:
        made = builders.CustomVariable(self.name).label(self.label).values(self.query).multi(self.many)
        if self.many and self.every:
            return made.include_all(True).all_value(self.all_value).current(_ALL)
        first = self.default or self.query.split(",")[0].strip()
        text, _, value = first.partition(" : ")
        return made.current(models.VariableOption(selected=True, text=text, value=value or text))

    def _asked(self) -> Builder[models.VariableModel]:
        sort = models.VariableSort.ALPHABETICAL_DESC if self.newest_first else models.VariableSort.ALPHABETICAL_ASC
        made = (
            builders.QueryVariable(self.name)
            .label(self.label)
            .datasource(DATASOURCE)
            .query({"query": self.query, "refId": f"variable-{self.name}"})
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(sort)
            .regex(self.regex)
            .multi(self.many)
        )
        if self.hidden:
            made.hide(models.VariableHide.HIDE_VARIABLE)
        if self.many and self.every:
            made.include_all(True).current(_ALL)
            if self.all_value:
                made.all_value(self.all_value)
        return made


_INSTALLATION = "kodeks:installation:info"
_ACCESS = "kodeks_online_access_info"
_BOTH = '{__name__=~"kodeks:installation:info|kodeks_online_access_info"%s}'

_OF_BRANCH = 'branch=~"$branch"'
_OF_MANAGER = f'{_OF_BRANCH},manager=~"$manager"'
_OF_CLIENT = f'{_OF_MANAGER},client=~"$client"'

SOURCE = Variable("datasource", "Источник данных", kind="datasource")


def _people(source: str, *, every_client: bool = True) -> tuple[Variable, ...]:
    """Branch, manager, client. ``source`` has a placeholder for matchers."""

    def values(matchers: str, label: str) -> str:
        return f"label_values({source % matchers}, {label})"

    of = "," if source.startswith("{") else ""
    return (
        Variable("branch", "Филиал", query=values("", "branch")),
        Variable("manager", "Менеджер", query=values(of + _OF_BRANCH, "manager")),
        Variable("client", "Клиент", query=values(of + _OF_MANAGER, "client"), every=every_client),
    )


def installations(*, domain: bool = False, login: bool = False, one_client: bool = False) -> tuple[Variable, ...]:
    """Filters for installations: branch, manager, client, installation, and optionally domain, login.

    ``one_client``: always one client, never all, as for renewal.
    """
    chain = [
        SOURCE,
        *_people(_INSTALLATION + "{%s}", every_client=not one_client),
        Variable(
            "installation",
            "Установка",
            query=f"label_values({_INSTALLATION}{{{_OF_CLIENT}}}, installation)",
            all_value="" if one_client else ".*",
        ),
    ]
    if domain:
        query = 'label_values(kodeks_month_users{installation=~"$installation"}, domain)'
        chain.append(Variable("domain", "Домен", query=query))
    if login:
        of_domain = ',domain=~"$domain"' if domain else ""
        query = f'label_values(kodeks_user_requests_total{{installation=~"$installation"{of_domain}}}, user)'
        chain.append(Variable("login", "Логин", query=query))
    return tuple(chain)


def accesses(*, one_client: bool = False) -> tuple[Variable, ...]:
    """Filters for online accesses: branch, manager, client, account."""
    return (
        SOURCE,
        *_people(_ACCESS + "{%s}", every_client=not one_client),
        Variable(
            "account",
            "Доступ",
            query=f"label_values({_ACCESS}{{{_OF_CLIENT}}}, account)",
            all_value="" if one_client else ".*",
        ),
    )


def both() -> tuple[Variable, ...]:
    """Filters for installations and online accesses together: branch, manager, client, and one of each."""
    return (
        SOURCE,
        *_people(_BOTH),
        Variable("installation", "Установка", query=f"label_values({_INSTALLATION}{{{_OF_CLIENT}}}, installation)"),
        Variable("account", "Доступ", query=f"label_values({_ACCESS}{{{_OF_CLIENT}}}, account)"),
    )


def year(metric: str = "kodeks_usage_total") -> tuple[Variable, ...]:
    """``year``, the newest first, and the hidden ``before``: the year before it.

    ``metric``: one with the label ``month`` and recent months.
    """
    return (
        Variable(
            "year",
            "Год",
            query=f"label_values({metric}, month)",
            regex=r"/^(\d{4})/",
            many=False,
            newest_first=True,
        ),
        Variable("before", "Год до того", query="query_result(vector($year - 1))", regex=r"/\} (\d+) /", many=False,
                 hidden=True),
    )  # fmt: skip

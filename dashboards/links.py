"""Links of cells and points: another dashboard with the same filters, or the server itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a cell or a series."""

    title: str
    url: str
    new_tab: bool = False

    def json(self) -> dict[str, object]:
        return {"title": self.title, "url": self.url, "targetBlank": self.new_tab}


def cell(column: str) -> str:
    """The value of a column in the clicked row, encoded for a URL."""
    return f'${{__data.fields["{column}"]:percentencode}}'


def label(name: str) -> str:
    """The value of a label of the clicked series, encoded for a URL."""
    return f"${{__field.labels.{name}:percentencode}}"


def board(name: str, title: str, **values: str) -> Link:
    """To the dashboard with that file name, with its variables from ``cell`` or ``label`` and the same data source."""
    given = "".join(f"&var-{variable}={value}" for variable, value in values.items())
    return Link(title, f"/d/kodeks-{name}?${{datasource:queryparam}}{given}")


def profile(column: str = "Клиент") -> Link:
    """To the client's profile, by the column with its name."""
    return board("client-profile", "Профиль клиента", client=cell(column))


def renewal(column: str = "Клиент") -> Link:
    return board("renewal", "Данные для пролонгации", client=cell(column))


def score(column: str = "Клиент") -> Link:
    return board("client-score", "Скоринг клиента", client=cell(column))


def fleet(column: str = "Установка") -> Link:
    """To the state of an installation, by the column with its name."""
    return board("fleet", "Что с установкой сейчас", installation=cell(column))


def address(column: str = "Адрес") -> Link:
    """To the server itself, by the column with its address."""
    return Link("Открыть сервер", f'${{__data.fields["{column}"]}}', new_tab=True)

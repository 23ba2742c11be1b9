"""The findings of a survey: lines for a person, and changes to kodeks.yml that would make the settings fit."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import yaml

from kodeks_exporter.config.document import Plain
from kodeks_exporter.domain.check import Round
from kodeks_exporter.net.trace import Exchange


class Fit(StrEnum):
    """How something on the server fits the settings. The values are shown."""

    UNDERSTOOD = "понято"
    NOT_UNDERSTOOD = "не понято"
    ABSENT = "нет"
    UNTRIED = "не проверялось"


@dataclass(frozen=True, slots=True)
class Finding:
    """``subject``: what was examined; ``text``: one Russian sentence. ``setting`` and ``value``: the change that
    would fit."""

    subject: str
    fit: Fit
    text: str
    setting: str = ""
    value: str = ""


@dataclass(slots=True)
class Survey:
    """Everything that one survey found.

    ``entry``: keys of the installation's or access' own entry of kodeks.yml; ``common``: key path to value elsewhere.
    ``profile``: a layout of reports as YAML, empty when a known one fits; ``report``: what ``sysinfo inspect`` says.
    ``trace``: every exchange, with the site's data in it.
    """

    kind: str
    name: str
    findings: list[Finding] = field(default_factory=list)
    entry: dict[str, object] = field(default_factory=dict)
    common: dict[tuple[str, ...], object] = field(default_factory=dict)
    profile_name: str = ""
    profile: str = ""
    report: str = ""
    places: list[str] = field(default_factory=list)
    """The report's element and column names."""
    trace: list[Exchange] = field(default_factory=list)
    round: Round | None = None
    """The results of checks with the proposal in force."""

    def add(self, subject: str, fit: Fit, text: str) -> None:
        self.findings.append(Finding(subject, fit, text))

    def propose(self, subject: str, text: str, key: str, value: object, fit: Fit = Fit.NOT_UNDERSTOOD) -> None:
        """A finding with a change of the entry itself; ``key`` may have a dot (``paths.title``)."""
        at: dict[str, object] = self.entry
        *above, last = key.split(".")
        for part in above:
            inner = at.setdefault(part, {})
            assert isinstance(inner, dict)
            at = inner
        at[last] = value
        self.findings.append(Finding(subject, fit, text, key, in_one_line(value)))

    def propose_for_all(self, subject: str, text: str, key: str, value: object, fit: Fit = Fit.NOT_UNDERSTOOD) -> None:
        """The same for a key outside the entry (``online.paths.profile``)."""
        self.common[tuple(key.split("."))] = value
        self.findings.append(Finding(subject, fit, text, key, in_one_line(value)))

    @property
    def fits(self) -> bool:
        """Nothing needs to change, and everything was understood."""
        return not (self.entry or self.common or self.profile) and not any(
            finding.fit is Fit.NOT_UNDERSTOOD for finding in self.findings
        )


def in_one_line(value: object) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).removesuffix("\n...\n").strip()
    )


def proposal(survey: Survey) -> Plain:
    """The changes as part of kodeks.yml, with scalars as text, as the file is read."""
    plain: Plain = _plain(_document(survey))
    return plain


def proposal_text(survey: Survey) -> str:
    """The changes as lines for kodeks.yml; empty when there are none."""
    document = _document(survey)
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110) if document else ""


def _document(survey: Survey) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if survey.entry:
        document[survey.kind] = [{"name": survey.name, **survey.entry}]
    for path, value in survey.common.items():
        at = document
        for part in path[:-1]:
            at = at.setdefault(part, {})
        at[path[-1]] = value
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else value


ENGLISH: Final = {
    "Кодекс": "Kodeks", "блоки отчёта": "blocks of the report", "версия": "version", "выход": "logout",
    "главная страница": "main page", "значения": "values", "имя в DNS": "name in DNS", "история": "history",
    "каталоги": "catalogs", "ключ": "key", "лицензия": "licence", "логин": "login",
    "менеджер лицензий": "licence manager", "мест всего": "seats", "мест занято": "seats used",
    "настройки": "preferences", "ночное копирование": "nightly backup", "ночной перезапуск": "nightly restart",
    "о системе": "about", "ответы": "answers", "отчёт": "report", "порт": "port", "прокси": "proxy",
    "профиль": "profile", "сеансы": "sessions", "сервер": "server", "сертификат": "certificate", "столбец": "column",
    "страница учёта": "account page", "часовой пояс": "time zone", "часы": "clock",
    Fit.UNDERSTOOD: "understood", Fit.NOT_UNDERSTOOD: "not understood", Fit.ABSENT: "not there",
    Fit.UNTRIED: "not tried",
    "# Предложение для kodeks.yml": "# Proposal for kodeks.yml",
    "# Предложение для {name}.yml рядом с kodeks.yml": "# Proposal for {name}.yml beside kodeks.yml",
    "Настройки подходят, менять нечего.": "The settings fit, nothing is to be changed.",
}  # fmt: skip
"""Subjects and fits; the sentences of findings are Russian alone."""


def as_text(survey: Survey, *, english: bool = False) -> str:
    """The findings line by line, then the proposal. In English without sentences: subject, fit, setting and value."""

    def translated(russian: str) -> str:
        return ENGLISH.get(russian, russian) if english else russian

    width = max((len(translated(finding.subject)) for finding in survey.findings), default=0)
    fit_width = max(len(translated(fit)) for fit in Fit)
    lines = []
    for finding in survey.findings:
        text = "" if english else finding.text
        lines.append(f"{translated(finding.fit):<{fit_width}}  {translated(finding.subject):<{width}}  {text}".rstrip())
        if finding.setting:
            lines.append(f"{'':<{fit_width}}  {'':<{width}}  → {finding.setting}: {finding.value}")
    if changes := proposal_text(survey):
        lines += ["", translated("# Предложение для kodeks.yml"), changes.rstrip()]
    if survey.profile:
        head = translated("# Предложение для {name}.yml рядом с kodeks.yml").format(name=survey.profile_name)
        lines += ["", head, survey.profile.rstrip()]
    if survey.fits:
        lines += ["", translated("Настройки подходят, менять нечего.")]
    return "\n".join(lines) + "\n"

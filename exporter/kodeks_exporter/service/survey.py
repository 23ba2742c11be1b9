"""A survey of one installation or online access, with the tools of the running exporter."""

from contextlib import closing

from kodeks_exporter.checks.chain import run_round
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.online import reason_text
from kodeks_exporter.intake.download import Downloader
from kodeks_exporter.online.reader import OnlineTools, read_access
from kodeks_exporter.service.rounds import make_tools
from kodeks_exporter.settings.fleet import Installation, OnlineAccess
from kodeks_exporter.settings.settings import Settings
from kodeks_exporter.survey.access import survey_access
from kodeks_exporter.survey.findings import Fit, Survey, proposal
from kodeks_exporter.survey.installation import survey_pages
from kodeks_exporter.survey.reports import survey_report


def survey(settings: Settings, name: str) -> Survey:
    """``name``: of an installation or online access of the inventory."""
    installation = settings.fleet.installations.get(name)
    if installation is not None:
        return _of_installation(settings, installation)
    return _of_access(settings, settings.fleet.online_accesses[name])


def _of_access(settings: Settings, access: OnlineAccess) -> Survey:
    found = Survey("online_accesses", access.name)
    with closing(make_tools(settings)) as tools:
        visits = OnlineTools(tools.resolver.resolve, tools.clock)
        survey_access(found, access, settings.online, visits)
        if found.common:
            would_be = load(settings.source, changes=proposal(found))
            reading = read_access(access, would_be.online, visits)
            fit = Fit.NOT_UNDERSTOOD if reading.reason else Fit.UNDERSTOOD
            text = reason_text(reading.reason) if reading.reason else f"читается: {', '.join(reading.quotas)}"
            found.add("с предложенным", fit, text)
    return found


def _with_proposal(settings: Settings, found: Survey) -> Installation:
    """The installation with the proposal applied. Loading the configuration shows whether the proposal is valid."""
    return load(settings.source, changes=proposal(found)).fleet.installations[found.name]


def _of_installation(settings: Settings, installation: Installation) -> Survey:
    found = Survey("installations", installation.name)
    if not installation.url:
        found.add("адрес", Fit.UNTRIED, "url не задан: сервер присылает отчёты сам, спрашивать некого")
        return found
    checks = installation.asked_by(settings.checks)
    folders = [settings.source.parent, settings.source.parent / "profiles"]
    with closing(make_tools(settings)) as tools:
        offers = survey_pages(found, installation, checks, tools)
        if offers is None:
            return found
        site = _with_proposal(settings, found)  # its address of leaving, above all
        downloader = Downloader(tools.resolver.resolve)
        survey_report(found, site, settings.reports, settings.checks, downloader, offers, folders, tools.clock)
        found.round = run_round(_with_proposal(settings, found), settings.checks, tools)
    return found

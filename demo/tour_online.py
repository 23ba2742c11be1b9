"""The tour's online access: used up step by step, with a mail at each threshold and one of the forecast."""

from __future__ import annotations

from demo import fleet
from demo.narrator import Narrator
from demo.script import Script, Until
from demo.sinks import Mail
from demo.stack import Stack

STEP_SECONDS = 180.0
"""Within which a step must be told: an access is visited once a minute here."""
_STEPS = (("OnlineBillingDocsLeft150", 120), ("OnlineBillingDocsLeft50", 20))
_ZERO = "OnlineBillingDocsLeftZero"
_FORECAST = "OnlineBillingForecast"
_FORECAST_FROM = 5
"""The working day of the month from which on the rule judges."""
_ALERTS = ("OnlineBilling", "OnlineUserActivity", "OnlineProfile", "OnlineLogin", "OnlineServer")


def spend(stack: Stack, narrator: Narrator) -> Script:
    """Limit 300: 150, 50, 0 are left; ends when all of it was told."""
    access = fleet.spent_access(stack.vendor)
    series = f'kodeks_online_left{{account="{access.name}",resource="documents"}}'
    yield Until(lambda: stack.value(series) is not None, 90, f"Prometheus не увидел остатка {access.name}")
    narrator.say(
        f"Онлайн-доступ {access.name}, {fleet.SPENT_CLIENT}: осталось документов {stack.value(series):.0f}. "
        "Расходуем лимит по шагам (ожидания в правилах доступов сокращены, пороги прежние)"
    )
    for alert, left in _STEPS:
        _use_up(stack, access, left)
        narrator.say(f"Онлайн-доступ. Клиент работает, осталось документов {left}; ждём {alert}")
        yield _mail(stack, alert)
        narrator.say(f"Онлайн-доступ. Письмо {alert} пришло")
    yield from _forecast(stack, narrator, access)
    _use_up(stack, access, 0)
    narrator.say(f"Онлайн-доступ. Лимит исчерпан; ждём {_ZERO}, почтой и в Telegram")
    yield _mail(stack, _ZERO)
    yield Until(
        lambda: any(fleet.SPENT_CLIENT in each.text for each in stack.telegrams.messages),
        STEP_SECONDS,
        f"нет сообщения {_ZERO} в Telegram",
    )
    narrator.say("Онлайн-доступ. Об исчерпании сообщили")


def about_accesses(mail: Mail) -> bool:
    """Whether a mail tells of online accesses, whosever."""
    return any(each in mail.subject for each in _ALERTS)


def summary(stack: Stack) -> str:
    """How many mails came of the access in the story, and which ones of the others."""
    mails = [each for each in stack.mails.messages if about_accesses(each)]
    others = [each.subject for each in mails if fleet.SPENT_CLIENT not in each.subject]
    lines = "".join(f"\n    {subject}" for subject in others)
    return (
        f"Онлайн-доступы. Писем об {fleet.SPENT_CLIENT}: {len(mails) - len(others)}, "
        f"об остальных (их клиенты работают каждый по-своему): {len(others)}{lines}"
    )


def _forecast(stack: Stack, narrator: Narrator, access: fleet.SpentAccess) -> Script:
    """Waits for the mail if the rule can speak on such a day of the month, else says why it will not."""
    elapsed = stack.value("kodeks:moscow:working_days_elapsed")
    total = stack.value("kodeks:moscow:working_days_total")
    used = stack.value(f'account:kodeks_online_documents_used:ratio{{account="{access.name}"}}')
    if elapsed is None or total is None or not used:
        narrator.say(f"Онлайн-доступ. Для {_FORECAST} нет данных: письма о прогнозе не будет")
        return
    silent = why_no_forecast(elapsed, total, used)
    if silent:
        narrator.say(f"Онлайн-доступ. {_FORECAST} сегодня молчит, и письма о прогнозе не будет: {silent}")
        return
    yield _mail(stack, _FORECAST)
    narrator.say(
        f"Онлайн-доступ. Письмо о прогнозе ({_FORECAST}) пришло: рабочих дней прошло {elapsed:.0f}, "
        f"впереди {total - elapsed:.0f}, остатка хватит на {_lasts(elapsed, used):.1f}"
    )


def why_no_forecast(elapsed: float, total: float, used: float) -> str:
    """Why the rule of the forecast does not speak on such a day; empty: it does.

    Working days of the month that have begun and that there are, the share of the limit that is used (more than 0).
    """
    if elapsed < _FORECAST_FROM:
        return f"нужно больше дней, правило судит с {_FORECAST_FROM}-го рабочего дня месяца, а прошло {elapsed:.0f}"
    if _lasts(elapsed, used) >= total - elapsed:
        return (
            f"рабочих дней до конца месяца {total - elapsed:.0f}, а остатка при таком темпе хватит "
            f"на {_lasts(elapsed, used):.1f}"
        )
    return ""


def _lasts(elapsed: float, used: float) -> float:
    """Working days for which the rest lasts."""
    return (1 - used) / used * elapsed


def _use_up(stack: Stack, access: fleet.SpentAccess, left: int) -> None:
    server = stack.vendor.servers[access.server]
    known = next(each for each in server.spec.accesses if each.login == access.login)
    stack.vendor.spend(access.server, access.login, "documents", server.left(known, "documents") - left)


def _mail(stack: Stack, alert: str) -> Until:
    def fits(mail: Mail) -> bool:
        return all(each in mail.subject for each in (alert, fleet.SPENT_CLIENT, "FIRING"))

    return Until(lambda: any(fits(each) for each in stack.mails.messages), STEP_SECONDS, f"нет письма {alert}")

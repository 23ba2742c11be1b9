"""``python -m demo.run``: the whole stack on loopback ports, a scripted tour, and nothing left behind."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from demo import fleet, tour
from demo import stack as stacks
from demo.narrator import Narrator
from demo.processes import ChildDiedError
from demo.script import TourFailedError
from demo.stack import EVERYTHING, Part, Stack

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """0: fine; 1: something did not start or a message did not come; 130: interrupted."""
    given = _parser().parse_args(arguments)
    # SIGINT too: a shell leaves it ignored for what it starts in the background, and Python would obey.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    narrator = Narrator()
    wanted = set(EVERYTHING)
    if given.exporter_only:
        wanted -= {Part.PROMETHEUS, Part.ALERTMANAGER}
    lacking = stacks.missing(wanted)
    if lacking:
        _explain(lacking, narrator)
        wanted -= set(lacking)
        if Part.ALERTMANAGER in lacking or Part.PROMETHEUS in lacking:
            wanted -= {Part.PROMETHEUS, Part.ALERTMANAGER}
    stack = Stack(
        wanted,
        online=given.all,
        story=not given.all and not given.no_tour,
        configure=tour.prepare if given.all else None,
        keep=given.keep,
        on_mail=narrator.mail,
        on_telegram=narrator.telegram,
        progress=narrator.say,
    )
    try:
        stack.start()
        _tell_addresses(stack, narrator)
        if Part.ALERTMANAGER in wanted and not given.no_tour:
            tour.run(stack, narrator, everything=given.all)
            if given.fast:
                return 0
        narrator.tell("\nВсё работает. Ломайте и чините сами командами выше; остановить — Ctrl-C.")
        if Part.ALERTMANAGER in wanted:
            _tell_what_else(narrator, given.all)
        while True:
            time.sleep(1)
            stack.check()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (ChildDiedError, OSError, ValueError, TourFailedError) as error:
        narrator.tell(f"\nНе получилось: {error}")
        if not given.keep:
            narrator.tell("Чтобы сохранить журналы и настройки, запустите ещё раз с ключом --keep.")
        return 1
    finally:
        _deafen()
        narrator.say("Останавливаем всё, что запустили")
        kept = stack.directory if given.keep and stack.started else None
        stack.stop()
        narrator.say(f"Остановлено. Журналы и настройки: {kept}" if kept else "Остановлено, ничего не осталось")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.run", description="The whole stack on loopback ports.")
    parser.add_argument("--fast", action="store_true", help="stop when the tour is over, instead of running on")
    parser.add_argument("--keep", action="store_true", help="keep the run directory (configuration, logs, data)")
    parser.add_argument(
        "--all", action="store_true", help="the whole tour: a hosting's DNS, empty searches, online accesses as well"
    )
    parser.add_argument("--no-tour", action="store_true", help="break nothing: only run")
    parser.add_argument(
        "--exporter-only", "--only-exporter", action="store_true", help="without Prometheus and Alertmanager"
    )
    return parser


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature is signal's
    raise KeyboardInterrupt


def _deafen() -> None:
    """From here on only the cleaning up counts; a second Ctrl-C must not break it off."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _explain(lacking: dict[Part, str], narrator: Narrator) -> None:
    narrator.tell(f"На этой машине нет: {', '.join(lacking.values())}.")
    narrator.tell("Их приносит ./run demo (без root и без установки в систему) или apt-get install.")
    if Part.PROMETHEUS in lacking or Part.ALERTMANAGER in lacking:
        narrator.tell("Без Prometheus и Alertmanager оповещений не будет: показываем стенд и экспортёр.")
    if Part.PROXY in lacking:
        narrator.tell("Без nginx установка zavod видна напрямую, без прокси.")
    if Part.PUSH in lacking:
        narrator.tell(f"Без curl установка {fleet.PUSHING} не присылает отчётов.")
    if Part.SNMP in lacking:
        narrator.tell("Без snmpd нет проверки дисков и службы.")


def _tell_what_else(narrator: Narrator, everything: bool) -> None:
    if not everything:
        narrator.tell(
            "Что ещё показывает ./run demo --all: отказ DNS у целой площадки — одно сообщение на всех её клиентов; "
            "пустые поиски — список менеджеру; онлайн-доступ, у которого кончается лимит: пороги и прогноз."
        )
    narrator.tell("В сообщениях о сбое есть ссылка «Взять в работу»: пока вы заняты, Alertmanager не напоминает.")
    narrator.tell(
        "Дашбордам Grafana (grafana-dashboards/), оценке клиента и годовому отчёту (kodeks-exporter report) "
        "нужна история; год истории для них — в demo/README.md."
    )


def _tell_addresses(stack: Stack, narrator: Narrator) -> None:
    control = stack.stand.control_url
    lines = [
        "",
        f"  Страница состояния   {stack.exporter_url}/",
        f"  Метрики              {stack.exporter_url}/metrics",
    ]
    if stack.prometheus_url:
        lines.append(f"  Prometheus           {stack.prometheus_url}/alerts")
    if stack.alertmanager_url:
        lines.append(f"  Alertmanager         {stack.alertmanager_url}/")
    lines += [
        f"  Управление стендом   {control}/",
        f"  Настройки и журналы  {stack.directory}",
        "",
        "  Сломать:   .venv/bin/python -m demo.stand.control --url " + control + " fault vesna maintenance",
        "  Починить:  .venv/bin/python -m demo.stand.control --url " + control + " clear vesna",
        "  Список:    .venv/bin/python -m demo.stand.control --url " + control + " faults",
        "",
    ]
    narrator.say("Всё запущено")
    narrator.tell("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())

"""What the commands say, in Russian: each text once, by its English."""

from types import MappingProxyType
from typing import Final

TEXTS: Final = MappingProxyType(
    {
        # argparse
        "usage: ": "вызов: ",
        "options": "ключи",
        "positional arguments": "что указать",
        "commands": "команды",
        "show this help message and exit": "показать эту подсказку",
        "show program's version number and exit": "показать версию",
        "%(prog)s: error: %(message)s\n": "%(prog)s: ошибка: %(message)s\n",
        "the following arguments are required: %s": "не указано: %s",
        "unrecognized arguments: %s": "лишнее: %s",
        "invalid choice: %(value)r (choose from %(choices)s)": "нет такого: %(value)r (есть: %(choices)s)",
        "expected one argument": "нужно одно значение",
        "argument %(argument_name)s: %(message)s": "ключ %(argument_name)s: %(message)s",
        "default %(default)s": "по умолчанию %(default)s",
        # kodeks-exporter --help
        "Prometheus exporter for Kodeks/Техэксперт installations and online accesses.":
            "Экспортёр Prometheus для установок и онлайн-доступов Кодекс/Техэксперт.",
        "First steps: add (a client), survey --apply NAME (finds out the rest), check-config, serve; then"
        " render, for Prometheus and Alertmanager. COMMAND --help tells more.":
            "С чего начать: add (клиент), survey --apply ИМЯ (узнает остальное), check-config, serve; затем render для"
            " Prometheus и Alertmanager. Подробнее: КОМАНДА --help.",
        "language of what is printed; default that of the locale": "язык сообщений; по умолчанию язык системы",
        "run the exporter": "запустить экспортёр",
        "print every problem of a configuration": "показать все ошибки настроек",
        "run all checks of one installation now": "проверить одну установку прямо сейчас",
        "add an installation or online access to the configuration": "завести установку или онлайн-доступ",
        "see what of a server fits the settings, and propose what would":
            "познакомиться с сервером: что подходит к настройкам и что поменять",
        "sysinfo reports: inspect": "отчёты sysinfo: inspect",
        "build a configuration from existing inventories": "составить настройки по готовым спискам",
        "write what Prometheus and Alertmanager need for this fleet": "написать файлы для Prometheus и Alertmanager",
        "write the scripts by which a client pushes": "написать скрипты, которыми клиент присылает отчёты",
        "write out the rules, pages, dashboards and unit of this version":
            "выложить правила, страницы, дашборды и службу этой версии",
        "write the yearly report for a client's decision maker": "написать годовой отчёт для руководителя клиента",
        # options
        "TLS and basic auth, exporters' format": "TLS и пароли, как у других экспортёров",
        "how people reach the exporter, base of links in messages; wins over web.external_url":
            "адрес экспортёра для людей, начало ссылок в сообщениях; важнее web.external_url",
        "name of the installation in the inventory": "имя установки в настройках",
        "also show requests, answers and what was found in them": "показать и запросы, ответы и что в них нашлось",
        "client as messages name it": "клиент, как в сообщениях",
        "who looks after the client": "кто ведёт клиента",
        "http(s)://host:port; empty for a server that pushes": "http(s)://узел:порт; пусто, если сервер присылает сам",
        "label value; default the client in Latin letters": "имя для метрик; по умолчанию клиент латиницей",
        "the monitor's account; empty for none": "логин мониторинга; пусто, если без логина",
        "its password; asked for when not given": "файл с паролем; без него пароль спросят",
        "an online access, not an installation": "онлайн-доступ, а не установка",
        "name of the installation or online access in the inventory": "имя установки или онлайн-доступа в настройках",
        "also write a zip without personal data, to show it to others":
            "написать и архив без личных данных, чтобы показать другим",
        "put the proposal into the configuration file": "внести предложенное в файл настроек",
        "name of a profile, or its file; default %(default)s": "имя профиля или его файл; по умолчанию %(default)s",
        "show what a report holds and what a profile makes of it": "показать, что в отчёте есть и что понял профиль",
        "managers.csv": "managers.csv",
        "online.csv": "online.csv",
        "the configuration to write": "какой файл настроек написать",
        "put what is new or changed into an existing one; edits by hand are kept":
            "внести новое и изменённое в готовый файл; правки руками останутся",
        "overwrite an existing configuration": "написать поверх готового файла",
        "folder of the files": "папка для файлов",
        "an alertmanager.yml that serves others too: only our part of it is written":
            "общий alertmanager.yml: меняется только наша часть",
        "take our part out of the file of --into": "убрать нашу часть из файла --into",
        "manifests for prometheus-operator, and the exporter's own workload":
            "манифесты для prometheus-operator и самого экспортёра",
        "of the manifests; default %(default)s": "манифестов; по умолчанию %(default)s",
        "of the exporter; default %(default)s": "экспортёра; по умолчанию %(default)s",
        "what the operator's selectors look for, such as release=monitoring; may be given several times":
            "что ищут селекторы оператора, например release=monitoring; можно несколько раз",
        "of the client's server": "система сервера клиента",
        "new folder for the client": "папка для клиента, создаётся заново",
        "where clients reach this exporter": "по какому адресу клиенты видят этот экспортёр",
        "whose token is used, where several may upload": "чей токен взять, если присылать могут несколько",
        "of Kodeks as its own machine sees it; default the installation's url, else http://127.0.0.1":
            "адрес Кодекса с его же машины; по умолчанию url установки, иначе http://127.0.0.1",
        "the client's way out": "прокси клиента",
        "PEM of the authority that signed our certificate": "PEM центра, который подписал наш сертификат",
        "folder that they are written to": "в какую папку",
        "as in kodeks.yml; may be repeated": "как в kodeks.yml; можно несколько раз",
        "all clients of a manager, as in kodeks.yml": "все клиенты менеджера, как в kodeks.yml",
        "calendar year": "календарный год",
        "last day that counts; default: today": "последний день; по умолчанию сегодня",
        "HTML file; a folder for several clients": "файл HTML; папка, если клиентов несколько",
        "kodeks.yml: who hands it over": "kodeks.yml: кто передаёт отчёт",
        "of the exporter on this machine: what managers took in hand": (
            "хранилище экспортёра на этой машине: что менеджеры взяли в работу"
        ),
        "who hands it over; default: the manager's name": "кто передаёт отчёт; по умолчанию имя менеджера",
        "of basic auth": "для входа по паролю",
        "trusted certificates": "доверенные сертификаты",
        "for one answer; default 60": "на один ответ; по умолчанию 60",
        # what is printed
        "written    {path}": "записан    {path}",
        "written    {path}  (holds a password or token)": "записан    {path}  (в нём пароль или токен)",
        "BEWARE     the token of dealer {name} may send reports of {number} other installations: give the client"
        " a dealer of its own with installations: [{installation}]":
            "ВНИМАНИЕ   токен дилера {name} годится и для отчётов других установок ({number}): заведите этому клиенту"
            " своего дилера с installations: [{installation}]",
        "written    {path}  ({number} files)": "записана   {path}  (файлов: {number})",
        "written    {path}  (names and numbers replaced; look at it before you send it)":
            "записан    {path}  (имена и числа заменены; посмотрите, прежде чем отправлять)",
        "changed    {path}  (as it was: {kept})": "изменён    {path}  (прежний: {kept})",
        "unchanged  {path}": "не менялся {path}",
        "unchanged  {number} files": "не менялось файлов: {number}",
        "taken out  {path}": "убрано из  {path}",
        "left over  {path}: not rendered any more; remove it":
            "остался    {path}: больше не пишется; удалите его",
        "note       {text}": "заметьте   {text}",
        "note       {path} holds secrets, and everybody on this machine may read it":
            "заметьте   в {path} есть секреты, а читать его может каждый на этой машине",
        "checked    by {program}": "проверено  программой {program}",
        "UNCHECKED  {program} is not on PATH: its program may refuse these files":
            "НЕ ПРОВЕРЕНО: {program} нет в PATH, файлы могут не подойти",
        "next       {command}": "дальше     {command}",
        "next       give the folder to the technician; {page} says what to do":
            "дальше     передайте папку технику; что делать, написано в {page}",
        "an answer is missing": "нет ответа на вопрос",
        "Client (as messages name it, such as ООО «Ромашка»): ":
            "Клиент (как в письмах, например ООО «Ромашка»): ",
        "Manager (a name of managers, in Latin letters): ": "Менеджер (имя из managers, латиницей): ",
        "Address of the server, http://host:port (empty: the server pushes): ":
            "Адрес сервера, http://узел:порт (пусто: сервер сам присылает отчёты): ",
        "Address of the access, https://host/kodeksNN: ": "Адрес доступа, https://узел/kodeksNN: ",
        "The monitor's login (empty: none): ": "Логин мониторинга (пусто: без логина): ",
        "Login: ": "Логин: ",
        "Password: ": "Пароль: ",
        "{file}: token of dealer {name}: use at least {number} characters: openssl rand -hex 16":
            "{file}: токен дилера {name}: нужно не меньше {number} знаков: openssl rand -hex 16",
        "{file}: note: the token of dealer {name} may send reports of all {number} installations that push:"
        " list its installations, and give each client a dealer of its own":
            "{file}: заметьте: токен дилера {name} годится для отчётов всех установок с mode push ({number}):"
            " перечислите его installations и заведите каждому клиенту своего дилера",
        "{file}: fine: {sites} installations, {accesses} online accesses, {managers} managers, {dealers} dealers":
            "{file}: всё верно: установок {sites}, онлайн-доступов {accesses}, менеджеров {managers},"
            " дилеров {dealers}",
        "there is no installation {name} in {config}": "в {config} нет установки {name}",
        "--server {url}: an address begins with https:// or http://":
            "--server {url}: адрес начинается с https:// или http://",
        "no dealer is there who may upload for {name}: see dealers: in the configuration":
            "никто из дилеров не может присылать для {name}: раздел dealers в настройках",
        "the dealer {dealer} is not there or may not upload for {name}: see dealers: in the configuration":
            "дилера {dealer} нет или он не может присылать для {name}: раздел dealers в настройках",
        "several dealers may upload for {name}: choose by --dealer one of {names}":
            "присылать для {name} могут несколько дилеров: выберите ключом --dealer: {names}",
        "give --managers, --online or both": "укажите --managers, --online или оба",
        "{path} agrees with the inventories": "{path} совпадает со списками",
        "{path} exists and is as it was: --update puts what is new or changed into it":
            "{path} уже есть и не менялся: --update внесёт новое и изменённое",
        "{config} names no {name}": "в {config} нет {name}",
        "{config} names no {name}; did you mean {near}?": "в {config} нет {name}; может быть, {near}?",
        "{name}: nothing to check: it has neither url, licence_manager nor snmp":
            "{name}: проверять нечего: нет ни url, ни licence_manager, ни snmp",
        "CHECK": "ПРОВЕРКА", "RESULT": "ИТОГ", "MS": "МС", "DETAILS": "ПОДРОБНОСТИ",
        "ok": "в порядке", "FAILED": "СБОЙ", "blocked": "не проверялось", "skipped": "не применимо",
        "state: {state}": "состояние: {state}",
        "; cause: {cause}": "; причина: {cause}",
        "; announced nightly {planned}": "; плановое ночное обслуживание: {planned}",
        "unknown": "неизвестно",
        "by {check}": "из-за {check}",
        "Checks": "Проверки",
        "Checks with this proposal": "Проверки с этим предложением",
        "nothing was written: {error}": "ничего не записано: {error}",
        "{path} was not changed: {error}": "{path} не изменён: {error}",
        "--remove takes our part out of the file of --into, and goes with nothing else":
            "--remove убирает нашу часть из файла --into и с другими ключами не сочетается",
        "--kubernetes and --into are two ways of the same": "--kubernetes и --into - два способа сделать одно и то же",
        "needs --output DIR, --into FILE, or both": "нужен --output ПАПКА, --into ФАЙЛ или оба",
        "{year} has not begun by the end of the period": "к концу периода {year} год ещё не начался",
        "Prometheus warns: {text}": "Prometheus предупреждает: {text}",
    }
)  # fmt: skip

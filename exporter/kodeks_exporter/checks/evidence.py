"""Is it Kodeks that answers? Only a sign that nothing but Kodeks gives counts as proof.

Signs, from the strongest: what Kodeks adds to an answer (``Server``, its cookies, the pair of ``X-Powered-By: Express``
and a ``Date`` in UTC), what only its own pages say (``kserver_`` lines, ``/admin/title``, the line of the key), a main
page that was proven to be its own before, and last a product's name in the title. The installation's own host, name and
addresses are removed before the product's name is searched for, because a registrar's stub page repeats them. (Known:
headers, cookies and lines of metrics. Assumed: titles.)
"""

import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from kodeks_exporter.checks.context import Context, Evidence, MainPage
from kodeks_exporter.checks.pages import COOKIES, bears_its_mark, title_page_says, weighty_lines
from kodeks_exporter.checks.strangers import bears_anothers_mark, stranger, stub
from kodeks_exporter.domain.check import KodeksFacts
from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.names import to_ascii, to_unicode
from kodeks_exporter.net.reading import Text, read_text
from kodeks_exporter.settings.checks import Patterns
from kodeks_exporter.settings.fleet import Installation

_METRICS = re.compile(rb"^kserver_\w+[{ ]", re.MULTILINE)


def evidence(context: Context) -> Evidence:
    """Who answers at the main page. Other pages are asked only where the main page does not settle it. Raises what
    ``main_page`` raises."""
    if context.evidence is None:
        context.evidence = _weigh(context, context.main_page())
    return context.evidence


def _weigh(context: Context, page: MainPage) -> Evidence:
    # Users get the stub as the main page, whatever answers behind it; and no password goes to a stranger.
    title, status = page.says.title, page.response.status
    if bears_its_mark(page.response) or COOKIES & context.connection.cookies.names:
        return Evidence(True, title)
    seems = stub(page.response, page.text)
    named = names_kodeks(context.settings.patterns, context.installation, page.text)
    # A site of another name may have a headline that reads like a stub.
    has_name = bool(page.text.title or page.text.headings)
    is_stub = not named and (stub(page.response, page.text, by_name_alone=has_name) is not None)
    if status in (200, 401) and not is_stub and _proven_by_its_pages(context, page, with_password=seems is None):
        return Evidence(True, title)
    known = context.previous.get("proxy")
    known_title = known.facts.title if known is not None and isinstance(known.facts, KodeksFacts) else ""
    # Where the title names Kodeks, a stub's words are just one of its headlines.
    if status == 200 and title == known_title != "" and (named or (seems is None and not _is_catch_all(context, page))):
        return Evidence(True, title)
    if seems is not None or status != 200:
        return Evidence(
            None if status == 401 and seems is None else False, seems=seems or stranger(page.response, page.text)
        )
    if named and not bears_anothers_mark(page.response, page.text) and not _is_catch_all(context, page):
        return Evidence(True)
    return Evidence(False, seems=stranger(page.response, page.text))


def _proven_by_its_pages(context: Context, page: MainPage, with_password: bool) -> bool:
    """Whether pages that only Kodeks has are there. Other checks reuse the answers.

    What the main page says as well proves nothing: it stands at the foot of every page of such a site.
    """
    asked: list[tuple[str, Callable[[Response], bool]]] = [
        (context.settings.paths.catalogs, lambda response: _METRICS.search(response.body) is not None)
    ]
    if with_password:
        asked += [
            (context.settings.paths.title, lambda response: context.concluded(title_page_says, response).logged_in),
            (context.settings.paths.licence, lambda response: context.concluded(_names_the_key, response)),
        ]
    for path, proves in asked:
        try:
            response = context.ask(path) if with_password else context.connection.get(path)
        except CheckError:
            continue
        if bears_its_mark(response) or (proves(response) and not proves(page.response)):
            return True
    return False


def _names_the_key(patterns: Patterns, response: Response) -> bool:
    return bool(key_lines(patterns, read_text(response).lines))


def key_lines(patterns: Patterns, lines: Iterable[str]) -> list[str]:
    """The lines of ``/admin/lic`` that are about the key, not about a product, joined with continuations on the next
    line: the key after a colon, an error that names no product."""
    found: list[str] = []
    goes_on = False
    for line in lines:
        if any(pattern.search(line) for pattern in patterns.protection_line):
            found.append(line)
            goes_on = True
        elif goes_on and (found[-1].endswith(":") or _GOES_ON.match(line)):
            found[-1] += f" {line}"
        else:
            goes_on = False
    return found


_GOES_ON = re.compile(r"\W*(ошибка защиты|ключ не|senselock)", re.IGNORECASE)


def names_kodeks(patterns: Patterns, installation: Installation, text: Text) -> bool:
    """Whether the title, the main heading or, on a page with little other text, the text names the product."""
    lines = [without_names(line, installation) for line in weighty_lines(text)]
    return any(sign.search(line) for sign in patterns.kodeks_signs for line in lines)


def without_names(text: str, installation: Installation) -> str:
    """``text`` without the installation's own host (and its domains), addresses and name, however they are written."""
    host = urlsplit(installation.url).hostname or ""
    names: list[str] = [installation.name, *installation.addresses]
    for form in {host, to_ascii(host), to_unicode(to_ascii(host))}:
        labels = form.split(".")
        names += [".".join(labels[place:]) for place in range(len(labels))]
        names += labels[:-1]
    for name in sorted({name for name in names if len(name) > 2}, key=len, reverse=True):
        text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    return text.strip()


def _is_catch_all(context: Context, page: MainPage) -> bool:
    """Whether the site returns one page for every path, or pages of one title, none of them a login's."""
    try:
        other = context.ask(context.settings.paths.title)
    except CheckError:
        return False
    if other.status != 200:
        return False
    text, main = read_text(other), page.text
    is_like_it = text.title == main.title != "" and text.asks_for_a_password == main.asks_for_a_password
    return is_like_it or other.body == page.response.body

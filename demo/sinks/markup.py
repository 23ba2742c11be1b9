"""Telegram's HTML markup, judged the way the Bot API does ("HTML style" of its documentation)."""

from __future__ import annotations

import re

_TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "code", "pre"}
    | {"blockquote", "tg-emoji"}
)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ENTITY = re.compile(r"&(?:#x(?P<hex>[0-9a-fA-F]{1,6})|#(?P<dec>[0-9]{1,7})|(?P<name>lt|gt|amp|quot)(?![a-zA-Z]));?")
_START = re.compile(
    r"<(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)(?P<attributes>(?:\s+[a-zA-Z-]+(?:\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'|[a-zA-Z0-9.-]+))?)*)\s*>"
)
_END = re.compile(r"</(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)\s*>")
_CLASS_SPOILER = re.compile(r"class\s*=\s*[\"']?tg-spoiler")


class MarkupError(ValueError):
    """What Telegram would answer, without "Bad Request: "."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"can't parse entities: {reason}")


def visible_text(markup: str) -> str:
    """The text that a reader sees. Raises MarkupError where Telegram refuses the message.

    Offsets in the reasons are in UTF-8 bytes, as Telegram counts them.
    """
    out: list[str] = []
    open_tags: list[str] = []
    position = 0
    while position < len(markup):
        character = markup[position]
        offset = len(markup[:position].encode())
        if character == "&":
            entity = _ENTITY.match(markup, position)
            out.append(_character(entity) if entity else "&")  # what Telegram does not know stays as it is
            position = entity.end() if entity else position + 1
        elif character != "<":
            stop = next((i for i in range(position, len(markup)) if markup[i] in "<&"), len(markup))
            out.append(markup[position:stop])
            position = stop
        elif markup.startswith("</", position):
            end = _END.match(markup, position)
            tag = end["tag"].lower() if end else ""
            if not open_tags:
                raise MarkupError(f"Unexpected end tag at byte offset {offset}")
            if end is None or tag != open_tags[-1]:
                raise MarkupError(
                    f'Unmatched end tag at byte offset {offset}, expected "</{open_tags[-1]}>", found "</{tag}>"'
                )
            open_tags.pop()
            position = end.end()
        else:
            start = _START.match(markup, position)
            if start is None:
                raise MarkupError(f'Unsupported start tag "{_beginning(markup, position)}" at byte offset {offset}')
            tag = start["tag"].lower()
            if tag not in _TAGS:
                raise MarkupError(f'Unsupported start tag "{tag}" at byte offset {offset}')
            if tag == "span" and not _CLASS_SPOILER.search(start["attributes"]):
                raise MarkupError(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
            open_tags.append(tag)
            position = start.end()
    if open_tags:
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{open_tags[-1]}"')
    return "".join(out)


def _character(entity: re.Match[str]) -> str:
    if entity["name"]:
        return _NAMED[entity["name"]]
    code = int(entity["hex"], 16) if entity["hex"] else int(entity["dec"])
    return chr(code) if 0 < code < 0x110000 else entity[0]


def _beginning(markup: str, position: int) -> str:
    found = re.match(r"[a-zA-Z0-9-]*", markup[position + 1 :])
    return found[0].lower() if found else ""

"""A report as XML, laid out as the sample."""

from __future__ import annotations

from xml.sax.saxutils import escape

from demo.stand.reports.report import BLOCKS, Report, Row, Value

_ENTITIES = {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
_ELEMENTS = {
    "modules": "module", "sessions": "session", "volumes": "volume", "operup": "file", "searches": "search",
    "rejections": "rejection", "kassist": "day",
}  # fmt: skip


def to_xml(report: Report, charset: str = "utf-8") -> bytes:
    """The bytes, in ``utf-8`` or ``windows-1251``; characters that the latter lacks become references."""
    info = report.info
    lines = [
        f'<?xml version="1.0" encoding="{charset}"?>',
        f"<sysinfo{_attributes(version=info['sysinfo_version'], created=info['created'])}>",
        f"  <server{_attributes(version=info['server_version'], os=info['os'], started=info['started'])}/>",
        *_registration(report),
    ]
    for block in ("modules", "sessions", "volumes", "operup"):
        lines += _block(report, block)
    if "spp_status" in info:
        lines.append(f"  <spp{_attributes(status=info['spp_status'])}/>")
    lines += _users(report)
    lines += _searches(report)
    for block in ("rejections", "kassist"):
        lines += _block(report, block)
    lines.append("</sysinfo>\n")
    return "\n".join(lines).encode(charset, "xmlcharrefreplace")


def _attributes(**values: Value) -> str:
    return "".join(f' {name}="{_text(value)}"' for name, value in values.items() if value is not None)


def _text(value: Value) -> str:
    return escape(value, _ENTITIES) if isinstance(value, str) else str(value)


def _registration(report: Report) -> list[str]:
    info = report.info
    attributes = _attributes(regnum=info["regnum"], client=info["client"], seats=info["seats"], expires=info["expires"])
    if "protection_status" not in info:
        return [f"  <registration{attributes}/>"]
    protection = _attributes(
        binding=info["protection_binding"],
        status=info["protection_status"],
        code=info["protection_code"],
        message=info["protection_message"],
    )
    return [f"  <registration{attributes}>", f"    <protection{protection}/>", "  </registration>"]


def _element(name: str, fields: tuple[str, ...], row: Row) -> str:
    return f"<{name}{_attributes(**dict(zip(fields, row, strict=True)))}/>"


def _block(report: Report, block: str) -> list[str]:
    if block not in report.blocks:
        return []
    rows = report.blocks[block]
    lines = [f"    {_element(_ELEMENTS[block], BLOCKS[block], row)}" for row in rows]
    return [f"  <{block}>", *lines, f"  </{block}>"]


def _users(report: Report) -> list[str]:
    """Users with their usage inside. Without the block of users there is no place for usage."""
    if "users" not in report.blocks:
        return []
    usage = {row[0]: row for row in report.blocks.get("usage", ())}
    lines = ["  <users>"]
    for row in report.blocks["users"]:
        attributes = _attributes(**dict(zip(BLOCKS["users"], row, strict=True)))
        mine = usage.get(row[0])
        if mine is None:
            lines.append(f"    <user{attributes}/>")
        else:
            inner = _element("usage", BLOCKS["usage"][1:], mine[1:])
            lines += [f"    <user{attributes}>", f"      {inner}", "    </user>"]
    return [*lines, "  </users>"]


def _searches(report: Report) -> list[str]:
    """The long block, hence written without detours."""
    if "searches" not in report.blocks:
        return []
    lines = ["  <searches>"]
    lines += [
        f'    <search time="{time}" login="{_text(login)}" catalog="{catalog}" source="{source}" type="{kind}"'
        f' status="{status}" found="{found}" duration="{duration:.2f}">{_text(query)}</search>'
        for time, login, catalog, source, kind, status, found, duration, query in report.blocks["searches"]
    ]
    return [*lines, "  </searches>"]

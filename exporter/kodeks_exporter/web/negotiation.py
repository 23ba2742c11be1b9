"""Content negotiation: which exposition format, compressed or not."""

import gzip
from typing import Final

from werkzeug.http import parse_options_header
from werkzeug.wrappers import Request, Response

_OPENMETRICS_VERSIONS: Final = ("1.0.0", "0.0.1")
_WORTH_COMPRESSING: Final = 1024  # bytes; below that gzip saves no packet
_FAST: Final = 1  # gzip level: half the CPU of the default for a tenth more bytes


def wants_openmetrics(request: Request) -> bool:
    """Whether Accept names OpenMetrics, in a supported version, with at least the weight of the plain text format."""
    openmetrics = text = 0.0
    for value, quality in request.accept_mimetypes:
        kind, options = parse_options_header(value)
        if kind == "application/openmetrics-text":
            if options.get("version") in _OPENMETRICS_VERSIONS:
                openmetrics = max(openmetrics, quality)
        elif kind == "text/plain":
            text = max(text, quality)
    return openmetrics > 0 and openmetrics >= text


def compress(request: Request, response: Response) -> None:
    """Compresses the body with gzip if the client accepts it and it is worthwhile. Sets Vary in any case."""
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0:
        return
    body = response.get_data()
    if len(body) < _WORTH_COMPRESSING:
        return
    response.set_data(gzip.compress(body, compresslevel=_FAST, mtime=0))
    response.headers["Content-Encoding"] = "gzip"

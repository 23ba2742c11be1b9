"""The WSGI application: routes, statuses and headers. The content comes from the backend."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
)
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from kodeks_exporter.checks.shown import Shown
from kodeks_exporter.metrics.exposition import OPENMETRICS, TEXT
from kodeks_exporter.web import guides, negotiation
from kodeks_exporter.web.backend import Backend
from kodeks_exporter.web.installation import installation_page
from kodeks_exporter.web.pages import Pages
from kodeks_exporter.web.query import Query
from kodeks_exporter.web.status import status_page
from kodeks_exporter.web.viewers import Sight, narrowed, narrowed_metrics, sight_of
from kodeks_exporter.web.views import FleetView

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger("kodeks_exporter.web")

Handler = Callable[[Request, Mapping[str, str]], Response]
"""Takes the request and the variables of the path. Raises werkzeug's HTTPException for other answers."""

_UNKNOWN: Final = "Нет установки с таким именем."
_PLAIN: Final = "text/plain; charset=utf-8"
_SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Route:
    """``path`` in werkzeug's syntax (``/files/<name>``). HEAD comes with GET."""

    path: str
    methods: tuple[str, ...]
    handler: Handler
    whole: bool = False
    """Only for those who see everything."""


class Application:
    """The exporter's WSGI application. ``routes``: those of other modules of this room, such as uploads.

    ``max_probes``: probes that may run at once. Probing a dead server takes long, and must not block all worker
    threads; there are twice as many.
    """

    def __init__(self, backend: Backend, routes: Iterable[Route] = (), max_probes: int = 8) -> None:
        self._backend = backend
        self._probe_slots = threading.BoundedSemaphore(max_probes)
        self._pages = Pages()
        self._handlers: dict[str, Handler] = {}
        rules = []
        for number, route in enumerate((*self._own_routes(), *routes)):
            endpoint = str(number)
            self._handlers[endpoint] = self._for_all(route.handler) if route.whole else route.handler
            rules.append(Rule(route.path, methods=route.methods, endpoint=endpoint))
        self._map = Map(rules, strict_slashes=True, merge_slashes=False, redirect_defaults=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        began = time.monotonic()
        response = self._respond(request)
        if logger.isEnabledFor(logging.DEBUG):
            # Only the path, because the query may hold tokens; quoted, so that a path can't forge a log line.
            took = time.monotonic() - began
            logger.debug(
                "%s %s %r %d %.3fs", request.remote_addr, request.method, request.path, response.status_code, took
            )
        return response(environ, start_response)

    def _own_routes(self) -> tuple[Route, ...]:
        return (
            Route("/", ("GET",), self._status),
            Route("/installations/<name>", ("GET",), self._installation),
            Route("/installations/<name>", ("POST",), self._examine),
            Route("/docs/errors", ("GET",), _to_the_list),
            Route("/docs/errors/", ("GET",), self._guide),
            Route("/docs/errors/<name>", ("GET",), self._guide),
            Route("/metrics", ("GET",), self._metrics),
            Route("/probe", ("GET",), self._probe),
            Route("/sd", ("GET",), self._service_discovery),
            Route("/config", ("GET",), self._config, whole=True),
            Route("/-/healthy", ("GET",), self._healthy),
            Route("/-/ready", ("GET",), self._ready),
            Route("/-/reload", ("POST", "PUT"), self._reload, whole=True),
        )

    def _respond(self, request: Request) -> Response:
        try:
            response = self._dispatch(request)
        except HTTPException as problem:
            response = _plain(f"{problem.description or problem.name}", problem.code or 500)
            if isinstance(problem, MethodNotAllowed) and problem.valid_methods:
                response.headers["Allow"] = ", ".join(sorted(problem.valid_methods))
        except Exception:
            logger.exception("request failed: %s %r", request.method, request.path)
            response = _plain(InternalServerError.description or "internal error", 500)
        for name, value in _SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _dispatch(self, request: Request) -> Response:
        # Bound to a fixed name, so that nothing depends on the Host header.
        adapter = self._map.bind("localhost")
        endpoint, variables = adapter.match(request.path, method=request.method)
        response = self._handlers[endpoint](request, variables)
        if not response.is_streamed and not response.direct_passthrough:
            negotiation.compress(request, response)
        return response

    def _for_all(self, handler: Handler) -> Handler:
        def guarded(request: Request, variables: Mapping[str, str]) -> Response:
            if not self._sight(request).whole:
                raise Forbidden("this address is for those who see everything (web.viewers)")
            return handler(request, variables)

        return guarded

    def _sight(self, request: Request) -> Sight:
        return sight_of(request, self._backend.web())

    def _fleet(self, request: Request) -> FleetView:
        """The part of the fleet that this viewer may see. Raises ``Forbidden`` for viewers who may see nothing."""
        sight = self._sight(request)
        if sight.blind:
            raise Forbidden("web.viewers names no such user")
        return narrowed(self._backend.fleet(), sight)

    def _metrics(self, request: Request, _: Mapping[str, str]) -> Response:
        openmetrics = negotiation.wants_openmetrics(request)
        seen = None if self._sight(request).whole else self._fleet(request)
        exposition = self._backend.metrics(openmetrics)
        if seen is not None:
            exposition = narrowed_metrics(exposition, seen.names)
        return _exposition(exposition, openmetrics)

    def _probe(self, request: Request, _: Mapping[str, str]) -> Response:
        target = request.args.get("target", "")
        if not target:
            raise BadRequest("parameter target is missing: /probe?target=NAME, a name of the inventory")
        openmetrics = negotiation.wants_openmetrics(request)
        if not self._sight(request).whole and target not in self._fleet(request).names:
            raise NotFound("unknown target: not in the inventory")
        if not self._probe_slots.acquire(blocking=False):
            raise ServiceUnavailable("too many probes at once; the figures of the regular checks are on /metrics")
        try:
            body = self._backend.probe(target, openmetrics)
        finally:
            self._probe_slots.release()
        if body is None:
            raise NotFound("unknown target: not in the inventory")
        return _exposition(body, openmetrics)

    def _service_discovery(self, request: Request, _: Mapping[str, str]) -> Response:
        groups = [
            {
                "targets": [view.name],
                "labels": {
                    "__meta_kodeks_client": view.client,
                    "__meta_kodeks_manager": view.manager,
                    "__meta_kodeks_branch": view.branch,
                    "__meta_kodeks_hosting": view.hosting,
                    "__meta_kodeks_mode": view.mode,
                    "__meta_kodeks_url": view.url,
                },
            }
            for view in self._fleet(request).installations
        ]
        return Response(json.dumps(groups, ensure_ascii=False), content_type="application/json; charset=utf-8")

    def _config(self, _request: Request, _: Mapping[str, str]) -> Response:
        return Response(self._backend.config_yaml(), content_type=_PLAIN)

    def _healthy(self, _request: Request, _: Mapping[str, str]) -> Response:
        return _plain("healthy", 200)

    def _ready(self, _request: Request, _: Mapping[str, str]) -> Response:
        return _plain("ready", 200) if self._backend.ready() else _plain("not ready", 503)

    def _reload(self, request: Request, _: Mapping[str, str]) -> Response:
        if _of_another_site(request):
            raise Forbidden("a page of another site may not reload the configuration")
        problems = self._backend.reload()
        return _plain("\n".join(problems), 500) if problems else _plain("reloaded", 200)

    def _status(self, request: Request, _: Mapping[str, str]) -> Response:
        page = status_page(self._fleet(request), Query.of(request.args))
        return self._pages.answer("status.html", page)

    def _installation(self, request: Request, variables: Mapping[str, str]) -> Response:
        return self._installation_page(request, variables["name"], Query.of(request.args))

    def _examine(self, request: Request, variables: Mapping[str, str]) -> Response:
        """The button «Проверить сейчас». Pages of other sites are refused, because each request costs the client's
        server a round. Our own page sends ``Origin: null``, because of its Referrer-Policy."""
        if _is_cross_site(request):
            raise Forbidden("Проверка запускается только со страницы самого экспортёра.")
        name = variables["name"]
        if name not in self._fleet(request).names:
            raise NotFound(_UNKNOWN)
        if not self._probe_slots.acquire(blocking=False):
            raise ServiceUnavailable("Слишком много проверок сразу, повторите через минуту.")
        try:
            evidence = self._backend.examine(name)
        finally:
            self._probe_slots.release()
        return self._installation_page(request, name, Query(refresh=False), evidence)

    def _installation_page(
        self, request: Request, name: str, query: Query, evidence: tuple[Shown, ...] | None = None
    ) -> Response:
        page = installation_page(self._fleet(request), name, query, evidence)
        if page is None:
            raise NotFound(_UNKNOWN)
        return self._pages.answer("installation.html", page)

    def _guide(self, request: Request, variables: Mapping[str, str]) -> Response:
        # With .md too: alerts name the files, which may also be served elsewhere.
        return guides.answer(request, variables.get("name", guides.INDEX).removesuffix(".md"), self._pages)


def _to_the_list(_request: Request, _: Mapping[str, str]) -> Response:
    # Relative, because a reverse proxy may add a path prefix.
    return Response(status=308, headers={"Location": "errors/"})


def _of_another_site(request: Request) -> bool:
    """Whether a browser says that another site's page made this request. Other programs send no such header."""
    if _is_cross_site(request):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("Host", "")


def _is_cross_site(request: Request) -> bool:
    return request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


def _plain(text: str, status: int) -> Response:
    return Response(text + "\n", status, content_type=_PLAIN)


def _exposition(body: bytes, openmetrics: bool) -> Response:
    response = Response(body, content_type=OPENMETRICS if openmetrics else TEXT)
    response.vary.add("Accept")
    return response

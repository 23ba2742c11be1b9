"""Reports pushed by clients' scripts: ``POST /upload``, then ``GET`` or ``HEAD`` of ``/files/NAME`` to make sure.

Thousands of scripts depend on the exact form of these requests and answers (docs/reports.md). The caller is identified
by the header ``dealer`` and the token in the query. Nothing from a request is used as a path: the file name is only
compared with the inventory. The body is written to disk in pieces, and only after the token was verified.
"""

import contextlib
import hashlib
import hmac
import json
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from kodeks_exporter.domain.names import is_name
from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.intake.errors import StorageBusy, StorageFull, TooLarge, UnknownInstallation, UnknownSuffix
from kodeks_exporter.intake.intake import SUFFIXES, Accepted, Intake
from kodeks_exporter.intake.spool import Incoming
from kodeks_exporter.intake.status_file import MAX_SIZE, UnreadableStatus
from kodeks_exporter.intake.statuses import SUFFIX as STATUS_SUFFIX
from kodeks_exporter.intake.tally import Tally
from kodeks_exporter.settings.fleet import Dealer, Fleet, may_write
from kodeks_exporter.web.app import Route

log = logging.getLogger(__name__)

OPEN_PATHS: Final = ("/upload", "/files/")
"""Paths with their own token: basic authentication of web.yml would lock the scripts out."""
RESULTS: Final = (
    "ok", "forbidden", "bad_request", "bad_name", "bad_type", "unknown_name", "too_large", "unreadable", "busy",
    "storage_full", "aborted", "error",
)  # fmt: skip
"""Label values of ``kodeks_exporter_uploads_total``."""
RETRY_AFTER: Final = 30
"""Seconds after which a script may retry when there are too many uploads."""

_PLAIN: Final = "text/plain; charset=utf-8"
_PIECE: Final = 64 * 1024
_MEMORY: Final = 4 * _PIECE  # headers of a part and what is not yet written
_MAX_PARTS: Final = 20
_OVERHEAD: Final = 64 * 1024  # of the form around the file
_LONGEST_NAME: Final = 200


class UploadRefused(Exception):  # noqa: N818 - an answer, not an error
    """``result`` is one of ``RESULTS``; ``text`` goes to the sender."""

    def __init__(self, status: int, result: str, text: str, detail: str = "") -> None:
        super().__init__(f"{status} {result}")
        self.status = status
        self.result = result
        self.text = text
        self.detail = detail


class Uploads:
    """The routes of this room for ``web.app.Application``. ``results`` counts uploads by ``RESULTS``."""

    def __init__(self, intake: Intake, fleet: Callable[[], Fleet], limit: int, max_uploads: int) -> None:
        """``limit``: bytes of one file. ``max_uploads`` at once, at most three quarters of them from one dealer if
        there are others; beyond that, 503 asks to retry."""
        self._intake = intake
        self._fleet = fleet
        self._limit = limit
        self._slots = _Slots(max_uploads)
        self._key = secrets.token_bytes(32)
        self._no_token = secrets.token_hex(32)
        self.results = Tally((result,) for result in RESULTS)

    def routes(self) -> tuple[Route, ...]:
        return Route("/upload", ("POST",), self._upload), Route("/files/<name>", ("GET",), self._file)

    def _upload(self, request: Request, _: Mapping[str, str]) -> Response:
        seen: list[str] = []  # the file's name, once it is known, for the log
        try:
            accepted = self._receive(request, seen)
        except UploadRefused as refusal:
            self.results.count(refusal.result)
            return self._refused(request, refusal, seen)
        except Exception:
            self.results.count("error")
            log.exception("upload failed", extra=self._who(request, seen))
            return self._refused(
                request, UploadRefused(500, "error", "Внутренняя ошибка сервера, файл не принят / internal error"), seen
            )
        self.results.count("ok")
        return _answer(200, {"ok": True, "path": f"/files/{accepted.file}"})

    def _receive(self, request: Request, seen: list[str]) -> Accepted:
        length = request.content_length
        if length is None:
            raise UploadRefused(411, "bad_request", "Нужен заголовок Content-Length / Content-Length is required")
        if length > self._limit + _OVERHEAD:
            raise _too_large(self._limit)
        dealer = self._dealer(request)
        if not self._slots.take(dealer.name, len(self._fleet().dealers)):
            raise UploadRefused(
                503, "busy", "Слишком много загрузок сразу, повторите позже / too many uploads, retry later"
            )
        try:
            return self._read_form(request, dealer, seen)
        except TooLarge as error:
            raise _too_large(error.limit) from None
        except RequestEntityTooLarge:
            raise UploadRefused(413, "too_large", "Слишком большая форма / the form is too large") from None
        except (ClientDisconnected, OSError) as error:
            if isinstance(error, OSError) and not isinstance(error, TimeoutError | ConnectionError):
                raise
            raise UploadRefused(400, "aborted", "Файл передан не до конца / the upload broke off") from None
        except StorageBusy as error:
            text = f"{error.text} / the storage can't be written now, retry later"
            raise UploadRefused(503, "busy", text, str(error)) from None
        except StorageFull as error:
            raise UploadRefused(507, "storage_full", f"{error.text} / no space left on the server") from None
        except UnknownSuffix as error:
            raise UploadRefused(415, "bad_type", f"{error.text} / unsupported file extension") from None
        except UnknownInstallation as error:
            raise UploadRefused(404, "unknown_name", f"{error.text} / unknown installation") from None
        except (UnreadableReport, UnreadableStatus) as error:
            if error.reason == "io_error":
                raise  # not the sender's fault
            detail = f"{error.reason}: {error.detail}"
            raise UploadRefused(422, "unreadable", f"{error.text} / {detail}", detail) from None
        finally:
            self._slots.give_back(dealer.name)

    def _read_form(self, request: Request, dealer: Dealer, seen: list[str]) -> Accepted:
        if request.mimetype != "multipart/form-data":
            raise _bad_form("not multipart/form-data")
        boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
        if not 0 < len(boundary) <= 200:
            raise _bad_form("no boundary")
        decoder = MultipartDecoder(boundary, _MEMORY, max_parts=_MAX_PARTS)
        with contextlib.ExitStack() as stack:
            incoming: Incoming | None = None
            name = suffix = ""
            writing = complete = False
            for event in _events(decoder, request):
                match event:
                    case File(name="file", filename=filename) if incoming is None:
                        seen.append(filename)
                        if "\\" in event.headers["content-disposition"]:  # the parser takes it for an escape
                            raise _bad_name()
                        name, suffix = self._target(filename, dealer)
                        limit = MAX_SIZE if suffix == STATUS_SUFFIX else self._limit
                        incoming = stack.enter_context(self._intake.incoming(limit))
                        writing = True
                    case File(name="file"):
                        raise _bad_form("more than one file")
                    case Field(name="file"):
                        raise _bad_form("the field 'file' holds no file: use -F file=@NAME.zip")
                    case File() | Field():
                        writing = False
                    case Data(data=data) if writing and incoming is not None:
                        incoming.write(data)
                    case Epilogue():
                        complete = True
            if incoming is None:
                raise _bad_form("no field 'file'")
            if not complete:
                raise _bad_form("the form has no end")
            return self._intake.accept(name, incoming, "push", suffix)

    def _target(self, filename: str, dealer: Dealer) -> tuple[str, str]:
        """Installation and suffix of a file that this dealer may upload. Raises UploadRefused."""
        name, dot, extension = filename.rpartition(".")
        if len(filename) > _LONGEST_NAME or not (is_name(filename) and is_name(name)):
            raise _bad_name()
        suffix = (dot + extension).lower()
        if not dot or suffix not in SUFFIXES:
            raise UnknownSuffix(suffix)
        if name not in may_write(self._fleet(), dealer):
            raise UnknownInstallation(name)
        return name, suffix

    def _dealer(self, request: Request) -> Dealer:
        """The caller with a valid token. Raises UploadRefused; an unknown dealer takes the same time as a wrong
        token."""
        dealer = self._fleet().dealers.get(request.headers.get("dealer", ""))
        expected = dealer.token.reveal() if dealer is not None else self._no_token
        given = request.args.get("token", "")
        if hmac.compare_digest(self._digest(given), self._digest(expected)) and dealer is not None:
            return dealer
        raise UploadRefused(403, "forbidden", "Неизвестный дилер или неверный токен / unknown dealer or wrong token")

    def _digest(self, token: str) -> bytes:
        return hashlib.blake2b(token.encode("utf-8", "surrogatepass"), key=self._key).digest()

    def _file(self, request: Request, variables: Mapping[str, str]) -> Response:
        filename = variables["name"]
        try:
            dealer = self._dealer(request)
            name, suffix = self._target(filename, dealer)
            if request.method != "HEAD" and (dealer.installations is None or len(dealer.installations) > 1):
                # Scripts ask by HEAD. This token may lie at several clients: none is to read another's report by it.
                raise UploadRefused(403, "forbidden", "Токен нескольких установок отчётов не читает / HEAD only")
        except (UnknownSuffix, UnknownInstallation) as error:
            return self._refused(
                request, UploadRefused(404, "unknown_name", f"{error.text} / no such file"), [filename]
            )
        except UploadRefused as refusal:
            return self._refused(request, refusal, [filename])
        path = self._intake.file(name, suffix)
        try:
            file = path.open("rb")
            status = path.stat()
        except FileNotFoundError:
            # This is normal: a script asks before its first upload.
            return _answer(404, {"ok": False, "error": "Такого файла ещё не было / no such file yet"})
        response = Response(
            wrap_file(request.environ, file, _PIECE), content_type="application/octet-stream", direct_passthrough=True
        )
        response.content_length = status.st_size
        response.last_modified = status.st_mtime  # type: ignore[assignment]  # seconds are taken as well
        response.headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
        return response

    def _refused(self, request: Request, refusal: UploadRefused, seen: list[str]) -> Response:
        extra = {**self._who(request, seen), "status": refusal.status, "result": refusal.result}
        if refusal.detail:
            extra["reason"] = refusal.detail
        log.warning("upload refused" if request.method == "POST" else "file refused", extra=extra)
        response = _answer(refusal.status, {"ok": False, "error": refusal.text})
        if refusal.status == 503:
            response.headers["Retry-After"] = str(RETRY_AFTER)
        return response

    def _who(self, request: Request, seen: list[str]) -> dict[str, object]:
        """For the log: never the token, so neither the query nor an unknown dealer's name (it may be a misplaced
        token)."""
        dealer = request.headers.get("dealer", "")
        return {
            "remote": request.remote_addr or "",
            "dealer": dealer if dealer in self._fleet().dealers else "unknown",
            "file": seen[0][:100] if seen else "",
        }


class _Slots:
    """Slots for uploads: one dealer's slow or hostile scripts leave some for the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, dealer: str, dealers: int) -> bool:
        share = self._most if dealers < 2 else max(1, self._most * 3 // 4)
        with self._lock:
            if self._taken.total() >= self._most or self._taken[dealer] >= share:
                return False
            self._taken[dealer] += 1
            return True

    def give_back(self, dealer: str) -> None:
        with self._lock:
            self._taken[dealer] -= 1


def _events(decoder: MultipartDecoder, request: Request) -> Iterator[object]:
    """The parts of the form as they arrive.

    Raises UploadRefused, RequestEntityTooLarge, and errors of the connection.
    """
    body, left = request.stream, request.content_length or 0
    more = True
    while more:
        piece = body.read(min(_PIECE, left)) if left else b""
        if left and not piece:
            raise ClientDisconnected
        left -= len(piece)
        more = bool(piece)
        try:
            decoder.receive_data(piece or None)
            while not isinstance(event := decoder.next_event(), NeedData):
                yield event
                if isinstance(event, Epilogue):
                    return
        except ValueError:  # UnicodeDecodeError is one
            raise _bad_form("broken multipart") from None


def _too_large(limit: int) -> UploadRefused:
    return UploadRefused(
        413, "too_large", f"Файл больше допустимого ({limit} байт) / the file is larger than {limit} bytes"
    )


def _bad_name() -> UploadRefused:
    text = "Недопустимое имя файла: нужно ИМЯ_УСТАНОВКИ.zip / bad file name: INSTALLATION.zip is needed"
    return UploadRefused(400, "bad_name", text)


def _bad_form(detail: str) -> UploadRefused:
    return UploadRefused(
        400, "bad_request", f"Запрос не разобран: нужна форма с полем file / bad form: {detail}", detail
    )


def _answer(status: int, body: Mapping[str, object]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, content_type=_PLAIN)

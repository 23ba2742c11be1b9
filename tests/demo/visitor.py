"""A visitor of the stand, by the standard library alone."""

from __future__ import annotations

import base64
import http.client
from dataclasses import dataclass, field

from demo.stand import Stand

BASIC = "Basic " + base64.b64encode(b"smartlogin:smartpassword").decode()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(self.headers.get_content_charset() or "utf-8")

    @property
    def cookie(self) -> str:
        return str(self.headers.get("Set-Cookie", "")).partition(";")[0]


@dataclass
class Visitor:
    """One keep-alive connection."""

    stand: Stand
    name: str
    timeout: float = 2.0
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        host, port = self.stand.address(self.name)
        self.connection = http.client.HTTPConnection(host, port, timeout=self.timeout)

    def get(self, path: str, authorization: str = "", cookie: str = "", method: str = "GET") -> Answer:
        headers = {}
        if authorization:
            headers["Authorization"] = authorization
        if cookie:
            headers["Cookie"] = cookie
        self.connection.request(method, path, headers=headers)
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())


def get(stand: Stand, name: str, path: str, authorization: str = "", cookie: str = "") -> Answer:
    """One request on a connection of its own."""
    visitor = Visitor(stand, name)
    try:
        return visitor.get(path, authorization, cookie)
    finally:
        visitor.connection.close()

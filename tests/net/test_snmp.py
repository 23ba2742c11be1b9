"""The SNMP check against Debian's snmpd, and against agents that misbehave."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pyasn1.codec.ber import decoder, encoder  # type: ignore[import-untyped]
from pysnmp.proto import api  # type: ignore[import-untyped]

from demo.processes import free_port
from kodeks_exporter.domain.check import Disk
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.net import host_resources as host
from kodeks_exporter.net.host_resources import disks, partition, wanted_name
from kodeks_exporter.net.snmp import SnmpAsker
from kodeks_exporter.net.snmp_agent import SnmpError
from kodeks_exporter.settings.fleet import Snmp

COMMUNITY = "c0mmunity-not-shown"
AUTH = Secret("auth-pass-1")
PRIVACY = Secret("privacy-pass-1")
USERS = """
createUser sha_aes SHA "auth-pass-1" AES "privacy-pass-1"
createUser md5_des MD5 "auth-pass-1" DES "privacy-pass-1"
createUser sha256_aes SHA-256 "auth-pass-1" AES "privacy-pass-1"
createUser sha_aes256 SHA "auth-pass-1" AES-256 "privacy-pass-1"
createUser sha512_aes192 SHA-512 "auth-pass-1" AES-192 "privacy-pass-1"
createUser also_unencrypted SHA "auth-pass-1" AES "privacy-pass-1"
createUser sha224_only SHA-224 "auth-pass-1"
createUser sha384_only SHA-384 "auth-pass-1"
createUser open_to_all
rouser sha_aes priv
rouser md5_des priv
rouser sha256_aes priv
rouser sha_aes256 priv
rouser sha512_aes192 priv
rouser also_unencrypted auth
rouser sha224_only auth
rouser sha384_only auth
rouser open_to_all noauth
"""


@dataclass
class Agent:
    """Debian's snmpd as an ordinary process; ``port`` is UDP on 127.0.0.1."""

    program: str
    home: Path
    settings: str
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.home.mkdir(exist_ok=True)
        (self.home / "snmpd.conf").write_text(f"agentAddress udp:127.0.0.1:{self.port}\n{self.settings}")
        self.process = subprocess.Popen(
            [
                self.program,
                "-f",
                "-C",
                "-c",
                str(self.home / "snmpd.conf"),
                "-Lf",
                str(self.home / "log"),
                "-I",
                "-smux",
            ],
            env={**os.environ, "SNMP_PERSISTENT_DIR": str(self.home / "state")},
        )
        deadline = time.monotonic() + 20
        while not (self.home / "log").exists() or "NET-SNMP version" not in (self.home / "log").read_text():
            assert time.monotonic() < deadline, "snmpd did not start"
            assert self.process.poll() is None, (self.home / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


@pytest.fixture(scope="module")
def agent(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    agent = Agent(
        tool("snmpd"),
        tmp_path_factory.mktemp("agent"),
        f"rocommunity {COMMUNITY}\nrocommunity system-only default .1.3.6.1.2.1.1\n{USERS}",
        free_port(socket.SOCK_DGRAM),
    )
    try:
        agent.start()
        yield agent
    finally:
        agent.stop()


@pytest.fixture(scope="module")
def asker() -> Iterator[SnmpAsker]:
    with closing(SnmpAsker()) as asker:
        yield asker


@contextmanager
def running(directory: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of that name."""
    program = directory / name
    shutil.copy("/bin/sleep", program)
    process = subprocess.Popen([str(program), "600"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def v2c(agent: Agent) -> Snmp:
    return Snmp("127.0.0.1", agent.port, community=Secret(COMMUNITY))


def v3(agent: Agent, username: str = "sha_aes", **changes: Any) -> Snmp:
    target = Snmp("127.0.0.1", agent.port, version="3", username=username, auth_password=AUTH, privacy_password=PRIVACY)
    return replace(target, **changes)


def refusal(asker: SnmpAsker, target: Snmp, timeout: float = 2.0) -> SnmpError:
    """How a read fails; it must do so in time and without telling secrets."""
    started = time.monotonic()
    with pytest.raises(SnmpError) as caught:
        asker.read(target, timeout)
    assert time.monotonic() - started < timeout + 5
    for secret in (COMMUNITY, AUTH.reveal(), PRIVACY.reveal()):
        assert secret not in str(caught.value)
    return caught.value


def test_disks_are_those_of_the_machine(asker: SnmpAsker, agent: Agent) -> None:
    found = asker.read(v2c(agent), 5).disks
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    if any(where == "/" and kind in ("ext4", "xfs", "btrfs") for where, kind in mounts):  # not in a container
        assert "/" in {disk.partition for disk in found}
    for disk in found:
        real = os.statvfs(disk.partition)
        assert disk.size == pytest.approx(real.f_blocks * real.f_frsize, rel=0.01)
        assert disk.free == pytest.approx(real.f_bfree * real.f_frsize, rel=0.05)
        assert not disk.partition.startswith(("/dev", "/proc", "/sys", "/run"))


@pytest.mark.parametrize("alive", [True, False], ids=["running", "zombie"])
def test_process(asker: SnmpAsker, tool: Callable[[str], str], tmp_path: Path, alive: bool) -> None:
    # An agent of its own: snmpd renews its table of processes only every half minute.
    port = free_port(socket.SOCK_DGRAM)
    agent = Agent(tool("snmpd"), tmp_path / "agent", f"rocommunity {COMMUNITY}\n", port)
    name = f"kodw{os.getpid()}"  # another run of a stand on this machine may have a kodwebd, too
    with running(tmp_path, name) as process:
        if not alive:
            process.kill()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        try:
            agent.start()
            for _ in range(2):  # the second time the process is known by its number
                expected = {name: True} if alive else {"no-such": False, name: False}
                target = replace(v2c(agent), processes=("no-such", name))
                assert asker.read(target, 5).processes == expected
        finally:
            agent.stop()


@pytest.mark.parametrize(
    ("username", "changes"),
    [
        ("sha_aes", {}),
        ("md5_des", {"auth_protocol": "MD5", "privacy_protocol": "DES"}),
        ("sha256_aes", {"auth_protocol": "SHA256"}),
        ("sha_aes256", {"privacy_protocol": "AES256"}),
        ("sha512_aes192", {"auth_protocol": "SHA512", "privacy_protocol": "AES192"}),
        ("sha224_only", {"auth_protocol": "SHA224", "privacy_password": None}),
        ("sha384_only", {"auth_protocol": "SHA384", "privacy_password": None}),
        ("open_to_all", {"auth_password": None, "privacy_password": None}),
    ],
)
def test_v3_logins(asker: SnmpAsker, agent: Agent, username: str, changes: dict[str, Any]) -> None:
    assert asker.read(v3(agent, username, **changes), 5).processes


def test_wrong_community_is_silence_and_the_text_says_so(asker: SnmpAsker, agent: Agent) -> None:
    error = refusal(asker, Snmp("127.0.0.1", agent.port, community=Secret("wrong-one")))
    assert error.reason == "timeout"
    assert "community" in error.text


@pytest.mark.parametrize(
    ("username", "changes", "reason"),
    [
        ("sha_aes", {"auth_password": Secret("wrong-pass-1")}, "wrong_digest"),
        ("sha_aes", {"auth_protocol": "MD5"}, "wrong_digest"),
        ("sha_aes", {"privacy_password": Secret("wrong-pass-1")}, "decryption"),
        ("also_unencrypted", {"privacy_password": Secret("wrong-pass-1")}, "decryption"),
        ("sha_aes", {"privacy_password": None}, "auth"),
        ("sha_aes", {"auth_password": Secret("short")}, "auth"),
        ("nobody_knows", {}, "unknown_user"),
    ],
)
def test_v3_refusals(asker: SnmpAsker, agent: Agent, username: str, changes: dict[str, Any], reason: str) -> None:
    # a wrong privacy password shows as one silence and then a second question, so the time is generous
    assert refusal(asker, v3(agent, username, **changes), 6.0).reason == reason


def test_agent_that_hides_the_tables(asker: SnmpAsker, agent: Agent) -> None:
    error = refusal(asker, Snmp("127.0.0.1", agent.port, community=Secret("system-only")))
    assert error.reason == "no_tables"
    assert "1.3.6.1.2.1.25" in error.text


def test_same_user_with_other_passwords_on_another_host(
    asker: SnmpAsker, agent: Agent, tool: Callable[[str], str], tmp_path: Path
) -> None:
    other = Agent(
        tool("snmpd"),
        tmp_path / "other",
        'createUser sha_aes SHA "other-auth-2" AES "other-privacy-2"\nrouser sha_aes priv\n',
        free_port(socket.SOCK_DGRAM),
    )
    try:
        other.start()
        theirs = v3(other, auth_password=Secret("other-auth-2"), privacy_password=Secret("other-privacy-2"))
        for _ in range(3):
            assert asker.read(v3(agent), 5).processes
            assert asker.read(theirs, 5).processes
        assert refusal(asker, v3(other)).reason == "wrong_digest"
        # The agent starts anew: its clock jumps back and its count of starts goes up.
        other.stop()
        (other.home / "log").unlink()
        other.start()
        assert asker.read(theirs, 5).processes
    finally:
        other.stop()


def test_dead_port_and_unknown_name(asker: SnmpAsker) -> None:
    assert refusal(asker, Snmp("127.0.0.1", free_port(socket.SOCK_DGRAM))).reason == "timeout"
    assert refusal(asker, Snmp("no-such-host.invalid"), 10.0).reason == "dns"


Answer = Callable[[bytes], bytes | None]


@contextmanager
def fake_agent(answer: Answer) -> Iterator[Snmp]:
    """An agent whose answers the test makes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    question, peer = sock.recvfrom(65535)
                except TimeoutError:
                    continue
                reply = answer(question)
                if reply is not None:
                    sock.sendto(reply, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Snmp("127.0.0.1", sock.getsockname()[1], community=Secret(COMMUNITY))
        finally:
            stop.set()
            thread.join()


def tables(next_of: Callable[[tuple[int, ...]], tuple[tuple[int, ...], Any]], error_status: int = 0) -> Answer:
    """Answers of v2c with what ``next_of`` says that follows an OID; the first question (sysUpTime) gets a number."""
    v2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]

    def answer(question: bytes) -> bytes:
        message, _ = decoder.decode(question, asn1Spec=v2.Message())
        request = v2.apiMessage.get_pdu(message)
        reply = v2.apiMessage.get_response(message)
        pdu = v2.apiMessage.get_pdu(reply)
        asked = [tuple(oid) for oid, _ in v2.apiPDU.get_varbinds(request)]
        if request.tagSet == v2.GetBulkRequestPDU.tagSet:
            rows = []
            for _ in range(10):
                found = [next_of(oid) for oid in asked]
                rows += found
                asked = [oid for oid, _ in found]
            v2.apiPDU.set_varbinds(pdu, rows)
        else:
            v2.apiPDU.set_varbinds(pdu, [(oid, v2.Integer32(1)) for oid in asked])
        v2.apiPDU.set_error_status(pdu, error_status)
        return bytes(encoder.encode(reply))

    return answer


def following(oid: tuple[int, ...]) -> tuple[int, ...]:
    return (*oid, 1) if len(oid) == 11 else (*oid[:-1], oid[-1] + 1)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _question: None,
        lambda _question: b"\xff" * 400,
        lambda _question: b"",
        lambda _question: b"\x30\x82\xff\xff\x02\x01\x01" + b"\x04" * 60000,
        lambda question: question,
        lambda question: question[:-7],
    ],
    ids=["silent", "garbage", "empty", "lies about its length", "echo", "cut"],
)
def test_agent_that_gives_no_answer(asker: SnmpAsker, agent: Agent, answer: Answer) -> None:
    with fake_agent(answer) as target:
        assert refusal(asker, target, 1.5).reason in ("timeout", "malformed")
    assert asker.read(v2c(agent), 5).processes  # the others are still read


def test_agent_whose_table_goes_in_circles(asker: SnmpAsker) -> None:
    v2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
    with fake_agent(tables(lambda oid: ((*following(oid)[:11], 1), v2.Integer32(1)))) as target:
        error = refusal(asker, target, 5)
    assert error.reason == "malformed"
    assert "по кругу" in error.text


def test_agent_whose_table_does_not_end(asker: SnmpAsker) -> None:
    v2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
    with fake_agent(tables(lambda oid: (following(oid), v2.Integer32(1)))) as target:
        error = refusal(asker, target, 20)
    assert error.reason == "malformed"
    assert "не кончается" in error.text


def test_agent_that_floods(asker: SnmpAsker) -> None:
    v2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
    with fake_agent(tables(lambda oid: (following(oid), v2.OctetString(b"x" * 1100)))) as target:
        assert refusal(asker, target, 20).reason == "malformed"


def test_agent_with_an_error_status(asker: SnmpAsker) -> None:
    v2 = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
    with fake_agent(tables(lambda oid: (following(oid), v2.Integer32(1)), error_status=5)) as target:
        assert refusal(asker, target).reason == "malformed"
    with fake_agent(tables(lambda oid: (following(oid), v2.Integer32(1)), error_status=16)) as target:
        assert refusal(asker, target).reason == "auth"


def test_silent_agents_do_not_delay_the_others(asker: SnmpAsker, agent: Agent) -> None:
    with fake_agent(lambda _question: None) as silent, ThreadPoolExecutor(21) as pool:
        waiting = [pool.submit(refusal, asker, silent, 3.0) for _ in range(20)]
        assert asker.read(v2c(agent), 5).processes
        assert not any(future.done() for future in waiting)
        assert {future.result().reason for future in waiting} == {"timeout"}


def test_nothing_is_left_behind(agent: Agent) -> None:
    def threads_and_files() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    before = threads_and_files()
    asker = SnmpAsker()
    for target in (v2c(agent), v3(agent), v3(agent, auth_protocol="MD5", username="other")):
        for _ in range(5):
            with suppress(SnmpError):  # the last one is refused
                asker.read(target, 5)
    asker.close()
    after = threads_and_files()
    assert all(left <= there for left, there in zip(after, before, strict=True)), "threads of earlier tests may end"
    assert refusal(asker, v2c(agent)).reason == "closed"


def test_close_ends_a_read_under_way() -> None:
    asker = SnmpAsker()
    with fake_agent(lambda _question: None) as silent, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(asker.read, silent, 30.0)
        time.sleep(0.5)
        started = time.monotonic()
        asker.close()
        with pytest.raises(SnmpError, match="closed"):
            reading.result(5)
        assert time.monotonic() - started < 5


class Octets(bytes):
    """As much of pysnmp's OctetString as the reader of rows uses."""

    def asOctets(self) -> bytes:  # noqa: N802 - pysnmp's name
        return bytes(self)


class ObjectId(tuple[int, ...]):
    def asTuple(self) -> tuple[int, ...]:  # noqa: N802 - pysnmp's name
        return tuple(self)


def storage(kind: int, description: str, units: int, size: int, used: int) -> dict[tuple[int, ...], Any]:
    column = (1, 3, 6, 1, 2, 1, 25, 2, 3, 1)
    return {
        (*column, 2): ObjectId((1, 3, 6, 1, 2, 1, 25, 2, 1, kind)),
        (*column, 3): Octets(description.encode()),
        (*column, 4): units,
        (*column, 5): size,
        (*column, 6): used,
    }


def test_disks_of_a_windows_server() -> None:
    rows = {
        1: storage(4, "C:\\ Label:Система  Serial Number 1a2b3c", 4096, 1000, 400),
        2: storage(7, "D:\\ (cdrom)", 2048, 0, 0),
        3: storage(2, "Physical Memory", 65536, 1000, 400),
        # 12 TB in clusters of 4 KB: more than 2**31 of them, so the agent's Integer32 runs into the negative.
        4: storage(4, "e:\\ Label:Data", 4096, -1294967296, -2147483648),
        5: storage(4, "F:\\ Label:empty", 4096, 0, 0),
        6: storage(4, "G:\\ Label:over", 4096, 10, 11),
    }
    assert disks(rows) == (
        Disk("C:", 4096 * 1000, 4096 * 600),
        Disk("E:", 4096 * 3_000_000_000, 4096 * (3_000_000_000 - 2**31)),
        Disk("G:", 40960, 0),
    )


@pytest.mark.parametrize("value", [Octets(b"9" * 400), Octets(b"4096"), 10**400, -(10**400)])
def test_units_that_no_agent_means_are_no_disk(value: object) -> None:
    rows = {1: storage(4, "/", 4096, 10, 1), 2: storage(4, "/srv", 4096, 10, 1)}
    rows[2][(1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 4)] = value
    assert [disk.partition for disk in disks(rows)] == ["/"]


def test_row_without_its_numbers_is_no_disk() -> None:
    row = storage(4, "/", 4096, 10, 1)
    del row[(1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 5)]
    assert disks({1: row}) == ()


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("C:\\ Label:  Serial Number 0", "C:"),
        ("/", "/"),
        ("/srv/kodeks", "/srv/kodeks"),
        ("/runtime", "/runtime"),
        ("/run/user/0", ""),
        ("/dev/shm", ""),
        ("/snap/core/1", ""),
        ("", ""),
    ],
)
def test_partition(description: str, name: str) -> None:
    assert partition(description) == name


@pytest.mark.parametrize(
    ("running_name", "names", "found"),
    [
        ("kodweb.exe", ("kodweb", "kodwebd"), "kodweb"),
        ("KODWEB.EXE", ("kodweb",), "kodweb"),
        ("kodwebd", ("kodweb", "kodwebd"), "kodwebd"),
        ("kodweb", ("Kodweb.exe",), "Kodweb.exe"),
        ("kodeks-server-w", ("kodeks-server-worker",), "kodeks-server-worker"),
        ("kodeks-server", ("kodeks-server-worker",), ""),
        ("kodweb2", ("kodweb",), ""),
        ("", ("kodweb",), ""),
    ],
)
def test_wanted_name(running_name: str, names: tuple[str, ...], found: str) -> None:
    assert wanted_name(running_name, names) == found


def test_free_is_what_is_left_for_others_than_root() -> None:
    """net-snmp counts what is reserved for root as free in hrStorageTable, and not in its own dskTable."""
    fixed = type("Oid", (), {"asTuple": lambda self: host._FIXED_DISK})()
    text = type("Text", (), {"asOctets": lambda self: b"/srv"})()
    storages = {31: {host.TYPE: fixed, host.DESCR: text, host.UNITS: 4096, host.SIZE: 2**28, host.USED: 2**27}}
    assert [disk.free for disk in disks(storages)] == [2**39]
    wide = {1: {host.DSK_PATH: text, host.DSK_AVAIL: 7, host.DSK_LOW: 0, host.DSK_HIGH: 1}}
    assert [disk.free for disk in disks(storages, wide)] == [2**39], "never more than the whole"
    narrow = {1: {host.DSK_PATH: text, host.DSK_AVAIL: 1024}}
    assert [disk.free for disk in disks(storages, narrow)] == [2**20]


@contextmanager
def narrow_line(port: int, largest: int) -> Iterator[int]:
    """A way to an agent on which answers over ``largest`` bytes are lost, as fragments are by many firewalls."""
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", 0))
    front.settimeout(0.2)
    ended = threading.Event()

    def relay() -> None:
        while not ended.is_set():
            with suppress(TimeoutError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
                question, peer = front.recvfrom(65535)
                back.settimeout(2)
                back.sendto(question, ("127.0.0.1", port))
                answer = back.recv(65535)
                if len(answer) <= largest:
                    front.sendto(answer, peer)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield front.getsockname()[1]
    finally:
        ended.set()
        thread.join()
        front.close()


@pytest.mark.parametrize("largest", [1472, 600])
def test_a_line_that_loses_large_answers(agent: Agent, asker: SnmpAsker, largest: int) -> None:
    with narrow_line(agent.port, largest) as port:
        facts = asker.read(Snmp("127.0.0.1", port, community=Secret(COMMUNITY), processes=()), 10.0)
    assert facts.disks
    assert facts.unanswered == ()

"""Listen addresses in the syntax of the Prometheus exporters."""

import socket


def parse_listen_address(text: str) -> tuple[str, int]:
    """``:9877``, ``127.0.0.1:0``, ``[::1]:9877``, ``localhost:9877`` to host and port; port 0: any free one.

    Without a host: all addresses, of both families where the machine has IPv6. Raises ValueError with a reason.
    """
    host, colon, port_text = text.strip().rpartition(":")
    if not colon:
        raise ValueError(f"listen address {text!r} has no port: write it as :9877 or 127.0.0.1:9877")
    if not (port_text.isascii() and port_text.isdigit() and int(port_text) <= 65535):
        raise ValueError(f"listen address {text!r}: the port must be a number from 0 to 65535")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"listen address {text!r}: an IPv6 address goes in brackets, as in [::1]:9877")
    if not host:
        host = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104  # what the syntax means
    return host, int(port_text)

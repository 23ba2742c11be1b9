"""The demonstration's online accesses: 150 clients of all kinds at three servers of the vendor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.vendor.model import Access, Kind, ServerSpec
from demo.vendor.vendor import Vendor

COUNT = 150
PASSWORD = "demo-Пароль"

_MIX = (
    *(Kind.NEVER,) * 2,
    *(Kind.LOW,) * 6,
    *(Kind.NORMAL,) * 5,
    *(Kind.HIGH,),
    *(Kind.SHARED,),
    *(Kind.EXHAUSTED,),
    *(Kind.MONTHLY,),
    *(Kind.QUARTERLY,),
    *(Kind.HALF_YEARLY,),
    *(Kind.YEARLY,),
)
"""Twenty clients as they are met: a tenth never uses it, a third hardly, some run out."""


def specs(count: int = COUNT) -> Sequence[ServerSpec]:
    """One server asks by HTTP Basic, one by a form, one writes windows-1251 and does not tell the limits."""
    accesses = [
        Access(f"u{number:03}", PASSWORD, _MIX[number % len(_MIX)], client=f"Клиент {number:03}")
        for number in range(count)
    ]
    return (
        ServerSpec("nps1", tuple(accesses[0::3])),
        ServerSpec("nps2", tuple(accesses[1::3]), folder="/kodeks02", form=True),
        ServerSpec("nps3", tuple(accesses[2::3]), folder="/kodeks03", limits_told=False, charset="windows-1251"),
    )


def entries(vendor: Vendor, managers: Sequence[str]) -> list[dict[str, Any]]:
    """``online_accesses`` of kodeks.yml; the managers get the accesses in turn."""
    found = []
    for name, server in vendor.servers.items():
        for number, access in enumerate(server.spec.accesses):
            found.append(
                {
                    "name": f"{name}-{access.login}",
                    "client": access.client,
                    "manager": managers[number % len(managers)],
                    "url": vendor.url(name),
                    "credentials": {"username": access.login, "password": access.password},
                }
            )
    return found

"""The archive that reports travel in: one file inside."""

from __future__ import annotations

import io
import zipfile


def pack(name: str, data: bytes, *, compress: bool = True) -> bytes:
    """A zip with one member. ``compress=False``: as big outside as inside."""
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=3) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, method)
    return buffer.getvalue()

"""The revision without a handshake (2026-07-28): each request says what it speaks, in its headers and its ``_meta``.

The headers repeat what the body says, for what stands between; where the two differ, the request is refused, since
whoever went by the header would have gone by something else. Errors have a status of their own here: 400 or 404.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from rest_framework.request import Request

from triage.machines.faults import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    UNSUPPORTED_VERSION,
    Faulty,
)

VERSION_HEADER: Final = "MCP-Protocol-Version"
HANDSHAKE: Final = ("2025-03-26", "2025-06-18", "2025-11-25")
STATELESS: Final = "2026-07-28"
SUPPORTED: Final = (*HANDSHAKE, STATELESS)
_KEY: Final = "io.modelcontextprotocol/"
METHODS: Final = ("server/discover", "tools/list", "tools/call")
#: Lists may be kept by whoever asked, and by nobody else: they depend on the token.
_KEPT: Final = {"ttlMs": 60_000, "cacheScope": "private"}


def refuse_unknown(version: str | None) -> None:
    """Where a version is named, it is one of ours; where none is, it is agreed on by ``initialize``."""
    if version is not None and version not in SUPPORTED:
        data = {"supported": list(SUPPORTED), "requested": version[:40]}
        raise Faulty(UNSUPPORTED_VERSION, "This revision is not spoken here.", data)


def check(request: Request, method: str, params: Any) -> None:
    """Raises Faulty where the envelope is not whole, or the headers say something else than the body."""
    meta = params.get("_meta") if isinstance(params, dict) else None
    if (
        not isinstance(meta, dict)
        or not {f"{_KEY}protocolVersion", f"{_KEY}clientCapabilities"} <= meta.keys()
    ):
        raise Faulty(
            INVALID_PARAMS,
            f"The params have a _meta with {_KEY}protocolVersion and {_KEY}clientCapabilities.",
        )
    repeated = {VERSION_HEADER: meta[f"{_KEY}protocolVersion"], "Mcp-Method": method}
    if method == "tools/call":
        repeated["Mcp-Name"] = params.get("name")
    for name, said in repeated.items():
        if request.headers.get(name) != said:
            raise Faulty(HEADER_MISMATCH, f"The header {name} differs from the body.")


def server() -> dict[str, str]:
    return {"name": "helpdesk", "title": settings.COMPANY_NAME, "version": "1"}


def whole(method: str, result: dict[str, Any]) -> dict[str, Any]:
    """A result as this revision wants it: that it is complete, who gave it, and how long a list may be kept."""
    kept = _KEPT if method in {"server/discover", "tools/list"} else {}
    return {"resultType": "complete", **result, **kept, "_meta": {f"{_KEY}serverInfo": server()}}

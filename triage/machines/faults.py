"""Errors of JSON-RPC and of the protocol on top of it."""

from __future__ import annotations

from typing import Any, Final

INVALID_REQUEST: Final = -32600
NO_METHOD: Final = -32601
INVALID_PARAMS: Final = -32602
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022


class Faulty(Exception):
    """An error that the caller is told by its code, with ``data`` where the protocol wants some."""

    def __init__(self, code: int, message: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data

    @property
    def status(self) -> int:
        """Of the answer, in revisions whose errors have one."""
        return 404 if self.code == NO_METHOD else 400

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {"code": self.code, "message": str(self)}
        return told if self.data is None else {**told, "data": self.data}

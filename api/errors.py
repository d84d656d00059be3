"""Errors that a caller is told, each with its status, as ``application/problem+json`` (RFC 9457).

One root; whoever raises one of its kinds decides what is said. What is raised by the framework itself is put into the
same form, and an error that nobody foresaw tells the caller nothing but that it happened.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

__all__ = [
    "ConflictError",
    "ForbiddenError",
    "HubError",
    "InvalidError",
    "NotAuthenticatedError",
    "NotFoundError",
    "PreconditionError",
    "PreconditionMissingError",
    "TooLargeError",
    "install_handlers",
    "problem",
]


class HubError(Exception):
    """Root of what a caller is told.

    ``parameter`` names what was wrong with the request, if one thing was; ``more`` are further members of the answer.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "The hub failed"

    def __init__(self, detail: str, *, parameter: str | None = None, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.parameter = parameter
        self.more = more or {}


class InvalidError(HubError):
    """The request says something that cannot be."""

    status = 422
    title = "The request is not valid"


class NotAuthenticatedError(HubError):
    """Nobody knows who asks."""

    status = 401
    title = "Not authenticated"


class NotFoundError(HubError):
    """There is no such thing."""

    status = 404
    title = "Not found"


class ConflictError(HubError):
    """The request contradicts what is stored."""

    status = 409
    title = "Conflict"


class ForbiddenError(HubError):
    """Whoever asks may not do this."""

    status = 403
    title = "Forbidden"


class PreconditionError(HubError):
    """What the request is meant for is no longer what is there."""

    status = 412
    title = "Precondition failed"


class PreconditionMissingError(HubError):
    """The request must say what it is meant for."""

    status = 428
    title = "Precondition required"


class TooLargeError(HubError):
    """The request's body is larger than the hub reads."""

    status = 413
    title = "The request is too large"


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    parameter: str | None = None,
    headers: dict[str, str] | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> JSONResponse:
    """An error as RFC 9457 has it; ``more`` are its extension members."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    if parameter is not None:
        body["parameter"] = parameter
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install_handlers(app: FastAPI) -> None:
    """Have an application answer every error as a problem."""
    app.add_exception_handler(HubError, told)
    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(HTTPException, known)
    app.add_exception_handler(Exception, unforeseen)


def told(_: Request, error: Exception) -> JSONResponse:
    """Answer one of our own errors."""
    assert isinstance(error, HubError)  # noqa: S101 - the handler's registration says so
    headers = {"WWW-Authenticate": "Bearer"} if error.status == NotAuthenticatedError.status else None
    return problem(error.status, error.title, error.detail, parameter=error.parameter, headers=headers, more=error.more)


def refused(_: Request, error: Exception) -> JSONResponse:
    """Answer a request that the framework found invalid, naming its first wrong parameter."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    parameter = ".".join(str(step) for step in first["loc"][1:]) or str(first["loc"][0])
    reason = str(first["msg"]).removeprefix("Value error, ")
    return problem(InvalidError.status, InvalidError.title, f"{parameter}: {reason}", parameter=parameter)


def known(request: Request, error: Exception) -> JSONResponse:
    """Answer an error of the framework, such as an unknown path."""
    assert isinstance(error, HTTPException)  # noqa: S101
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem(error.status_code, error.detail, detail, headers=dict(error.headers or {}))


def unforeseen(_: Request, __: Exception) -> JSONResponse:
    """Answer what nobody foresaw; the log has the rest."""
    return problem(HubError.status, HubError.title, "an unexpected error; the hub's log says more")

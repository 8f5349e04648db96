"""What goes wrong, said the same way everywhere: ``{"error": {"code", "text", "remedy"}}``, or a page for a
person."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from monitor.web.pages.rendering import render
from monitor.web.refusal import ApiError, JsonResponse


def install_handlers(app: FastAPI) -> None:
    """Gives the application these answers in place of FastAPI's own."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


async def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _answer(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Names the parameter, its value, and what to write instead."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = str(first["loc"][-1])
    reason = str(first.get("ctx", {}).get("error") or first["msg"])
    if first["type"] == "extra_forbidden":
        text, remedy = f"There is no parameter {name!r} here.", "Leave it out, or see /docs for the names."
    elif first["type"] == "missing":
        text, remedy = f"Parameter {name!r} is missing.", "Add it; /docs describes it."
    else:
        text = f"Parameter {name!r} is {first['input']!r}: {reason}."
        remedy = (
            "Write + as %2B in an address." if " " in str(first["input"]) else "See /docs for what it takes."
        )
    return _answer(request, ApiError(422, "bad_parameter", text, remedy))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        text = f"There is nothing at {request.url.path}."
        found = ApiError(404, "not_found", text, "See /docs for the addresses.")
    elif error.status_code == 405:
        text = f"{request.url.path} does not take {request.method}."
        found = ApiError(405, "method_not_allowed", text, "See /docs.", headers=dict(error.headers or {}))
    else:
        found = ApiError(error.status_code, "http_error", str(error.detail), "See /docs.")
    return _answer(request, found)


async def _on_bug(request: Request, _error: Exception) -> Response:
    text = "The monitor could not answer this request."
    return _answer(
        request, ApiError(500, "internal_error", text, "The log has the cause; /readyz says what fails.")
    )


def _is_for_a_person(request: Request) -> bool:
    """Whether the answer is a page: a browser asks, or a form was sent by what doesn't say that it wants JSON."""
    path, wanted = request.url.path, request.headers.get("accept", "")
    if path.startswith(("/api/", "/fragments/")):
        return False
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return "text/html" in wanted or (is_form and "json" not in wanted)


def _answer(request: Request, error: ApiError) -> Response:
    if _is_for_a_person(request):
        page = render(request, "error.html", error=error)
        page.status_code = error.status
        return page
    body = {"error": {"code": error.code, "text": error.text, "remedy": error.remedy}, **error.more}
    return JsonResponse(body, status_code=error.status, headers=error.headers)

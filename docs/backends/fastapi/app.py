"""A token backend: hands out short-lived tokens for xAI's realtime voice and keeps the API key to itself.

    pip install -r requirements.txt
    XAI_API_KEY=… SIDETONE_CALLERS="anna SECRET, ben SECRET" uvicorn app:app --port 8787

SIDETONE_TOKEN_SECONDS is the longest life of a token (300), SIDETONE_UPSTREAM where tokens are minted.
It has no rate limit and speaks plain http: put a proxy in front that has the one and speaks https.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import math
import os
import time
from email.utils import parsedate_to_datetime
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

LARGEST_BODY = 16 * 1024
LARGEST_REPLY = 64 * 1024
PATIENCE_S = 10
LONGEST_PAUSE_S = 3600

log = logging.getLogger("backend")


def digest(secret: str) -> bytes:
    """Of one length whatever the secret's, so that comparing tells nothing of it."""
    return hashlib.sha256(secret.encode("latin-1", "replace")).digest()


def read_callers(text: str) -> dict[str, bytes]:
    """The digest of each secret by the caller's name, from `name secret, name secret`."""
    callers = {}
    for entry in filter(None, map(str.strip, text.split(","))):
        name, _, secret = entry.partition(" ")
        if len(secret.strip()) < 16:
            raise RuntimeError("SIDETONE_CALLERS: each entry is `name secret`, the secret of 16 characters or more")
        callers[name] = digest(secret.strip())
    if not callers:
        raise RuntimeError("SIDETONE_CALLERS names nobody who may ask for tokens")
    return callers


KEY = os.environ.get("XAI_API_KEY", "").strip()
if not KEY:
    raise RuntimeError("XAI_API_KEY is not set")
CALLERS = read_callers(os.environ.get("SIDETONE_CALLERS", ""))
LONGEST_LIFE_S = int(os.environ.get("SIDETONE_TOKEN_SECONDS", "300"))
UPSTREAM = httpx.URL(os.environ.get("SIDETONE_UPSTREAM", "https://api.x.ai/v1/realtime/client_secrets"))
if UPSTREAM.scheme != "https" and UPSTREAM.host not in ("127.0.0.1", "localhost", "::1"):
    raise RuntimeError("SIDETONE_UPSTREAM must be https: the API key would travel in the clear")


class Refusal(Exception):
    """An answer that is no token; `fault` is caller, backend, network or xai."""

    def __init__(self, status: int, fault: str, message: str, **headers: str):
        self.status, self.fault, self.message = status, fault, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)


def answer(status: int, body: dict, headers: dict | None = None) -> JSONResponse:
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})


@app.exception_handler(Refusal)
async def refused(_: Request, refusal: Refusal) -> JSONResponse:
    return answer(refusal.status, {"error": refusal.message, "fault": refusal.fault}, refusal.headers)


@app.exception_handler(HTTPException)
async def misdirected(_: Request, error: HTTPException) -> JSONResponse:
    message = "There are only POST /session and GET /health here."
    return answer(error.status_code, {"error": message, "fault": "caller"}, error.headers)


@app.exception_handler(Exception)
async def broken(_: Request, __: Exception) -> JSONResponse:
    return answer(500, {"error": "This backend failed.", "fault": "backend"})


def caller(request: Request) -> str:
    """The name of the one who asks. Every secret is compared, so that none is told from the time taken."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    shown = digest(shown.strip())
    found = [name for name, known in CALLERS.items() if hmac.compare_digest(known, shown)]
    if scheme.lower() != "bearer" or not found:
        message = "The Authorization header shows no bearer secret that this backend knows."
        raise Refusal(401, "caller", message, WWW_Authenticate="Bearer")
    return found[0]


async def read_body(request: Request) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise Refusal(413, "caller", f"The request is too large: {LARGEST_BODY} bytes are allowed.")
    except TimeoutError:
        raise Refusal(408, "caller", "The request did not arrive in time.") from None
    return body


def lifetime(body: bytes) -> int:
    """The wish for a life in seconds, within what is allowed; an empty body wishes nothing."""
    refusal = Refusal(400, "caller", "The body must be empty or JSON: {\"expires_after\": {\"seconds\": 300}}.")
    try:
        wish = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        raise refusal from None
    if not isinstance(wish, dict):
        raise refusal
    expiry = wish.get("expires_after")
    if not isinstance(expiry, dict | None):
        raise refusal
    seconds = expiry.get("seconds") if expiry else None
    if seconds is None:
        return LONGEST_LIFE_S
    if type(seconds) is not int or seconds < 1:
        raise refusal
    return min(seconds, LONGEST_LIFE_S)


async def ask_xai(seconds: int) -> tuple[int, bytes, str | None]:
    """Status, body and Retry-After of xAI's answer. Redirects are not followed: the key goes nowhere else."""
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False) as client,
            client.stream(
                "POST",
                UPSTREAM,
                headers={"Authorization": f"Bearer {KEY}"},
                json={"expires_after": {"seconds": seconds}},
            ) as reply,
        ):
            body = b""
            async for chunk in reply.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_REPLY:
                    raise Refusal(502, "xai", "xAI answered this backend at too great a length.")
            return reply.status_code, body, reply.headers.get("Retry-After")
    except (TimeoutError, httpx.TimeoutException):
        raise Refusal(504, "xai", f"xAI did not answer this backend within {PATIENCE_S} seconds.") from None
    except httpx.HTTPError:
        raise Refusal(502, "network", "This backend could not reach xAI.") from None


def seconds_of(pause: str) -> int:
    """A Retry-After in seconds, which may be a date."""
    try:
        seconds = int(pause) if pause.isdecimal() else math.ceil(parsedate_to_datetime(pause).timestamp() - time.time())
    except (TypeError, ValueError):
        return 10
    return min(max(seconds, 1), LONGEST_PAUSE_S)


def token(status: int, body: bytes, pause: str | None) -> dict:
    """The token in xAI's answer. What xAI says in an error is not passed on: it may quote the key."""
    if status == 429:
        seconds = str(seconds_of(pause or ""))
        raise Refusal(429, "xai", "xAI's limit for this backend's key is reached.", Retry_After=seconds)
    if status in (400, 401, 402, 403):
        raise Refusal(502, "backend", "xAI refused this backend's API key. Whoever runs the backend must look at it.")
    if 300 <= status < 500:
        raise Refusal(502, "backend", f"There is no token endpoint where this backend asks for tokens ({status}).")
    try:
        reply = json.loads(body) if status == 200 else None
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict) or not isinstance(reply.get("value"), str) or not reply["value"]:
        raise Refusal(502, "xai", "xAI answered this backend without a token.")
    if KEY in json.dumps(reply, ensure_ascii=False):
        raise Refusal(502, "xai", "xAI's answer was not fit to be passed on.")
    return reply


@app.post("/session")
async def session(name: Annotated[str, Depends(caller)], request: Request) -> JSONResponse:
    status, body, pause = await ask_xai(lifetime(await read_body(request)))
    if status != 200:
        log.warning("no token for %s: xAI answered %d", name, status)
    return answer(200, token(status, body, pause))


@app.get("/health")
async def health() -> dict:
    return {"status": "ok"}

"""Scripts and styles, served from this installation alone: no other host is ever asked for anything.

Every address carries a digest of what it names, so that browsers may keep it for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from monitor.web.refusal import ApiError

STATIC = Path(__file__).parent / "static"
IMMUTABLE = "public, max-age=31536000, immutable"
SNIPPET = "window.vegaEmbed = vegaEmbed;"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)
_making = threading.Lock()


@lru_cache(maxsize=1)
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}


@lru_cache(maxsize=1)
def _vega() -> bytes:
    """The Vega bundle that vl-convert carries, compressed; making it takes seconds, so it is made once."""
    import vl_convert

    return gzip.compress(vl_convert.javascript_bundle(SNIPPET).encode(), 6, mtime=0)


def _vega_bundle() -> bytes:
    with _making:
        return _vega()


@lru_cache(maxsize=64)
def address(name: str) -> str:
    """The address of a file, with its digest; of ``vega.js``, with the versions it is made of."""
    if name == "vega.js":
        from importlib.metadata import version

        digest = version("vl-convert-python")
    else:
        digest = hashlib.sha256(_files()[name]).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@router.get("/static/vega.js")
def vega(request: Request) -> Response:
    """Vega, Vega-Lite and Vega-Embed in one script."""
    script, headers = _vega_bundle(), {"Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        script = gzip.decompress(script)
    return Response(script, media_type="text/javascript", headers=headers)


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """One of our own scripts and styles."""
    content = _files().get(name)
    if content is None:
        raise ApiError(404, "not_found", f"There is no file {name!r}.", "Load the page again.")
    media_type = _TYPES[Path(name).suffix]
    return Response(content, media_type=media_type, headers={"Cache-Control": IMMUTABLE})

"""Posting by HTTP: to the address that was given and nowhere else, with a time limit, and never telling the address."""

from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .base import NotSent

SECONDS = 5.0  # for the connection, and for each part of the answer; the dispatch has a limit for the whole
PASSING = (408, 425, 429)  # and all of 500 and more


class NoRedirects(HTTPRedirectHandler):
    """Who redirects would be sent the message, and what is in its headers, by somebody else's word."""

    def redirect_request(self, *args: Any, **options: Any) -> None:
        return None


OPENER = build_opener(NoRedirects)


def refuse_address(url: object) -> None:
    """Raise ``ValueError`` for what is no http or https address. The address itself may be a secret: it is not told."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("url must begin with http:// or https:// and name a host")


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post ``body``; raise ``NotSent`` unless the answer is of 200 to 299. The answer itself is not read."""
    try:
        with OPENER.open(Request(url, body, dict(headers), method="POST"), timeout=SECONDS) as answer:
            status = answer.status
    except HTTPError as error:
        error.close()
        status = error.code
    except URLError as error:
        reason = error.reason
        raise NotSent(type(reason).__name__ if isinstance(reason, BaseException) else "no answer", True) from None
    except (OSError, HTTPException) as error:
        raise NotSent(type(error).__name__, is_passing=True) from None
    if not 200 <= status < 300:
        raise NotSent(f"HTTP status {status}", is_passing=status >= 500 or status in PASSING)

"""One question to a Prometheus, or to what speaks its HTTP API, and every way in which it can fail."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import msgspec

TOKEN_VARIABLE = "PROMETHEUS_TOKEN"  # not OUTAGES_...: those are settings, and a secret is none
LONGEST_CAUSE = 300  # of what a server says: enough to see what is wrong


class PrometheusError(RuntimeError):
    """No answer that could be used: one line with the cause and what to do about it."""


class Series(msgspec.Struct):
    """One series of an answer: its labels, and (epoch seconds, number as text)."""

    metric: dict[str, str]
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: msgspec.Raw


class _Answer(msgspec.Struct, rename="camel"):
    """https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview"""

    status: str
    data: _Data | None = None
    error_type: str = ""
    error: str = ""


_decode = msgspec.json.Decoder(_Answer).decode
_decode_series = msgspec.json.Decoder(list[Series]).decode


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask and how. `url`: the address before `/api/v1`, with `user:password@` if need be.

    `token`: sent as bearer token to this address only, never on to where it redirects. `headers`: such as a tenant's.
    Raises PrometheusError for what is no address.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        try:
            scheme = urllib.parse.urlsplit(self.url).scheme
        except ValueError:
            scheme = ""
        if scheme not in ("http", "https"):
            shown = self.url.rpartition("@")[2]  # a password may stand before it
            raise PrometheusError(f"{shown!r} is no address: write it as http://HOST:9090")

    def query_range(self, query: str, start_ms: int, end_ms: int, step_s: int) -> list[Series]:
        """The series of a range query, points from `start_ms` to `end_ms` included. Raises PrometheusError."""
        parameters = {
            "query": query,
            "start": f"{start_ms / 1000:.3f}",
            "end": f"{end_ms / 1000:.3f}",
            "step": str(step_s),
            "timeout": f"{self.timeout_s:g}s",
        }
        answer = self._answer(parameters)
        if answer.status != "success" or answer.data is None:
            raise self._refused(f"{answer.error_type}: {answer.error}".strip(": "))
        if answer.data.result_type != "matrix":
            raise PrometheusError(f"{self.shown}: gives a {answer.data.result_type}, not series: correct the query")
        try:
            return _decode_series(answer.data.result)
        except msgspec.DecodeError as error:
            raise self._not_prometheus(f"its series cannot be read ({error})") from error

    @property
    def shown(self) -> str:
        """The address without secrets."""
        parts = urllib.parse.urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))

    def _answer(self, parameters: Mapping[str, str]) -> _Answer:
        try:
            with urllib.request.urlopen(self._request(parameters), timeout=self.timeout_s) as response:
                body = response.read()
        except urllib.error.HTTPError as error:
            raise self._of_status(error) from error
        except TimeoutError as error:
            raise self._late() from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise self._late() from error
            raise self._unreachable(error.reason) from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise self._unreachable(error) from error
        try:
            return _decode(body)
        except msgspec.DecodeError as error:
            begin = _one_line(body[:80].decode("utf-8", "replace"))
            raise self._not_prometheus(f"it begins {begin!r}" if begin else "it is empty") from error

    def _request(self, parameters: Mapping[str, str]) -> urllib.request.Request:
        asked = urllib.parse.urlencode(parameters)
        request = urllib.request.Request(f"{self.shown}/api/v1/query_range?{asked}", headers=dict(self.headers))
        request.add_header("Accept", "application/json")
        request.add_header("User-Agent", "outage-streams")
        userinfo, has_user, _ = urllib.parse.urlsplit(self.url).netloc.rpartition("@")
        if self.token is not None:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        elif has_user:
            plain = urllib.parse.unquote(userinfo).encode()
            request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(plain).decode()}")
        return request

    def _of_status(self, error: urllib.error.HTTPError) -> PrometheusError:
        said = _said(error)
        match error.code:
            case 400 | 422 if said:
                return self._refused(said)
            case 401 | 403:
                remedy = f"give a token that may read, by {TOKEN_VARIABLE} or --token-file"
                return PrometheusError(f"{self.shown}: lets nobody in ({error.code}{_in_words(said)}): {remedy}")
            case 404:
                return PrometheusError(
                    f"{self.shown}: has no /api/v1/query_range (404): give the address that stands before /api/v1"
                )
            case 429:
                return PrometheusError(f"{self.shown}: asked too often (429{_in_words(said)}): try again later")
            case 503 | 504:
                return PrometheusError(
                    f"{self.shown}: too slow or too busy ({error.code}{_in_words(said)}): ask for less at once by a "
                    "lower --points, or record the query as a rule"
                )
            case _:
                what = f"{error.code} {_one_line(str(error.reason))}{_in_words(said)}"
                return PrometheusError(f"{self.shown}: answers {what}: see its log")

    def _refused(self, said: str) -> PrometheusError:
        if "exceeded maximum resolution" in said or "too many samples" in said or "maximum points" in said:
            remedy = "ask for less at once by a lower --points, or for fewer series"
        else:
            remedy = "correct the query; it must be one that its own page shows as a graph"
        return PrometheusError(f"{self.shown}: refuses the query ({_one_line(said)}): {remedy}")

    def _late(self) -> PrometheusError:
        return PrometheusError(
            f"{self.shown}: no answer within {self.timeout_s:g} s: ask for less at once by a lower --points, or wait "
            "longer with --timeout"
        )

    def _unreachable(self, reason: Any) -> PrometheusError:
        if isinstance(reason, ssl.SSLCertVerificationError):
            remedy = "name the file of your own authority in SSL_CERT_FILE"
            return PrometheusError(f"{self.shown}: its certificate is not trusted ({reason.verify_message}): {remedy}")
        cause = getattr(reason, "strerror", None) or _one_line(str(reason))
        return PrometheusError(f"{self.shown}: cannot be reached ({cause}): is this the address of your Prometheus?")

    def _not_prometheus(self, what: str) -> PrometheusError:
        return PrometheusError(
            f"{self.shown}: answers, but not as a Prometheus ({what}): give its own address, not that of a page"
        )


def _said(error: urllib.error.HTTPError) -> str:
    """What the server gives as its reason, in whichever form."""
    try:
        body = error.read(64 * 1024)
    except (OSError, http.client.HTTPException):
        return ""
    try:
        answer = _decode(body)
        return f"{answer.error_type}: {answer.error}".strip(": ")
    except msgspec.DecodeError:
        headers: Message = error.headers
        return _one_line(body.decode("utf-8", "replace")) if headers.get_content_type() == "text/plain" else ""


def _in_words(said: str) -> str:
    return f", {_one_line(said)}" if said else ""


def _one_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST_CAUSE else line[: LONGEST_CAUSE - 1] + "…"

"""Every way in which a Prometheus can fail to answer is one line with a remedy, and no secret goes astray."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from streams.warmup.prometheus_http import PrometheusError, Server

GOOD = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [{"metric": {"app": "x"}, "values": [[1657800060, "3"], [1657800120.5, "NaN"]]}],
    },
}


@dataclass
class Fake:
    """A server on loopback that answers whatever it is told to, and notes what it is asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b""
    delay: threading.Event | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def says(self, status: int, body: Any, content_type: str = "application/json", **headers: str) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {"Content-Type": content_type, **headers}


@pytest.fixture
def fake() -> Iterator[Fake]:
    told = Fake()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.path, dict(self.headers)))
            if told.delay is not None:
                told.delay.wait(10)
            if self.path.startswith("/elsewhere"):
                told.says(200, GOOD)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:  # who asked has gone away
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield told
    if told.delay is not None:
        told.delay.set()
    server.shutdown()
    server.server_close()
    thread.join()


def ask(url: str, **options: Any) -> Any:
    return Server(url, **options).query_range("sum(increase(x[1m]))", 1_657_800_000_000, 1_657_803_600_000, 60)


def refusal(url: str, **options: Any) -> str:
    with pytest.raises(PrometheusError) as error:
        ask(url, **options)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_an_answer_is_series_with_their_labels_and_points(fake: Fake) -> None:
    fake.says(200, GOOD)
    (series,) = ask(fake.url + "/")
    assert (series.metric, series.values) == ({"app": "x"}, [(1657800060.0, "3"), (1657800120.5, "NaN")])
    path, _ = fake.asked[0]
    assert path == (
        "/api/v1/query_range?query=sum%28increase%28x%5B1m%5D%29%29&start=1657800000.000&end=1657803600.000&step=60"
        "&timeout=60s"
    )


@pytest.mark.parametrize(
    ("status", "body", "content_type", "message"),
    [
        (400, {"status": "error", "errorType": "bad_data", "error": "parse error"}, "application/json",
         "refuses the query (bad_data: parse error): correct the query"),
        (400, {"status": "error", "errorType": "bad_data",
               "error": "exceeded maximum resolution of 11,000 points per timeseries."}, "application/json",
         "): ask for less at once by a lower --points"),
        (422, {"status": "error", "errorType": "execution", "error": "query processing would load too many samples"},
         "application/json", "ask for less at once by a lower --points"),
        (401, b"<html>Sign in</html>", "text/html", "lets nobody in (401): give a token that may read"),
        (403, b"no such tenant\n", "text/plain", "lets nobody in (403, no such tenant): give a token"),
        (404, b"404 page not found", "text/plain", "has no /api/v1/query_range (404): give the address"),
        (429, b"slow down", "text/plain", "asked too often (429, slow down): try again later"),
        (503, {"status": "error", "errorType": "timeout", "error": "query timed out"}, "application/json",
         "too slow or too busy (503, timeout: query timed out): ask for less at once"),
        (500, b"oh\nno", "text/plain", "answers 500 Internal Server Error, oh no: see its log"),
        (200, b"<html>Welcome</html>", "text/html", "answers, but not as a Prometheus (it begins '<html>Welcome"),
        (200, b"", "application/json", "not as a Prometheus (it is empty): give its own address"),
        (200, {"status": "error", "errorType": "internal", "error": "broken"}, "application/json",
         "refuses the query (internal: broken)"),
        (200, {"status": "success", "data": {"resultType": "vector", "result": []}}, "application/json",
         "gives a vector, not series: correct the query"),
        (200, {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": 3}]}}, "application/json",
         "its series cannot be read"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_told_with_a_remedy(
    fake: Fake, status: int, body: Any, content_type: str, message: str
) -> None:
    fake.says(status, body, content_type)
    assert message in refusal(fake.url)


def test_an_answer_that_does_not_come_is_told_with_a_remedy(fake: Fake) -> None:
    fake.delay = threading.Event()
    assert "no answer within 0.2 s: ask for less at once" in refusal(fake.url, timeout_s=0.2)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid", "http://[::1"])
def test_nobody_there_is_told_with_a_remedy(url: str) -> None:
    assert refusal(url).endswith(("is this the address of your Prometheus?", "write it as http://HOST:9090"))


@pytest.mark.parametrize("url", ["prometheus:9090", "file:///etc/passwd", ""])
def test_what_is_no_address_is_told_with_a_remedy(url: str) -> None:
    assert "is no address: write it as http://HOST:9090" in refusal(url)


def test_a_token_is_sent_and_shown_nowhere(fake: Fake) -> None:
    fake.says(401, b"")
    assert "s3cret" not in refusal(fake.url, token="s3cret") + repr(Server(fake.url, "s3cret"))
    assert fake.asked[0][1]["Authorization"] == "Bearer s3cret"


def test_a_password_in_the_address_is_sent_and_shown_nowhere(fake: Fake) -> None:
    fake.says(401, b"")
    said = refusal(fake.url.replace("http://", "http://me:p%40ss@"))
    assert "p%40ss" not in said
    assert "me" not in said.split(":")[1]
    assert fake.asked[0][1]["Authorization"] == "Basic bWU6cEBzcw=="


def test_a_token_does_not_follow_to_another_place(fake: Fake) -> None:
    fake.says(307, b"", Location=f"{fake.url.replace('127.0.0.1', 'localhost')}/elsewhere")
    assert len(ask(fake.url, token="s3cret", headers={"X-Scope-OrgID": "t1"})) == 1
    (_, first), (_, second) = fake.asked
    assert (first["Authorization"], first["X-Scope-OrgID".title()]) == ("Bearer s3cret", "t1")
    assert "Authorization" not in second

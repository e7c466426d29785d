"""Figures of the user's own, from a real HTTP server and by real statements."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import DatabaseError, connection

from reversible_migrations.databases import database
from reversible_migrations.load.gauges import CannotRead, Look, build_gauges
from reversible_migrations.load.probes import HttpProbe, SqlProbe

METRICS = {"data": [{"name": "p50", "ms": 20}, {"name": "p95", "ms": 187.5}], "queue": {"length": "12"}, "none": None}
VECTOR = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1.7e9, "0.25"]}]}}


class Metrics(BaseHTTPRequestHandler):
    """Answers with JSON, with errors, or not at all."""

    def do_GET(self):
        asked = urlsplit(self.path)
        if asked.path == "/broken":
            return self.send_error(500)
        if asked.path == "/slow":
            self.server.ending.wait()
            return None
        if asked.path == "/text":
            return self.answer("up")
        if asked.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            return self.end_headers()
        if asked.path == "/secret":
            return self.answer(json.dumps({"token": len(self.headers.get("Authorization", ""))}))
        if asked.path == "/api/v1/query":
            return self.answer(json.dumps(prometheus(parse_qs(asked.query)["query"][0])))
        return self.answer(json.dumps(METRICS))

    def answer(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *facts):
        pass


def prometheus(query):
    """Answer an instant query as Prometheus does."""
    if query == 'rate(x{code="5.."}[1m]) > 0':
        return VECTOR
    value = {"no_traffic": [{"metric": {}, "value": [1.7e9, "NaN"]}]}.get(query, [])
    return {"status": "success", "data": {"resultType": "vector", "result": value}}


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Metrics) as found:
        found.ending = threading.Event()
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.ending.set()
        found.shutdown()


def asked(url, **given):
    return HttpProbe("probe", url, 100, **given).read(None)


class TestHttpProbe:
    @pytest.mark.parametrize(("path", "value"), [("data.1.ms", 187.5), ("data.-1.ms", 187.5), ("queue.length", 12.0)])
    def test_a_number_is_found_by_its_path(self, server, path, value):
        assert asked(f"{server}/metrics", json_path=path) == value

    def test_prometheus_is_asked_for_the_first_result(self, server):
        assert asked(f"{server}/", prometheus='rate(x{code="5.."}[1m]) > 0') == 0.25

    def test_not_a_number_is_no_reading(self, server):
        assert asked(server, prometheus="no_traffic") is None

    def test_headers_are_sent(self, server):
        assert asked(f"{server}/secret", json_path="token", headers={"Authorization": "Bearer x"}) == 8

    @pytest.mark.parametrize(
        ("path", "given", "error", "words"),
        [
            ("/broken", {"json_path": "x"}, CannotRead, "HTTP status 500"),
            ("/text", {"json_path": "x"}, json.JSONDecodeError, None),
            ("/metrics", {"json_path": "data.1.p95"}, CannotRead, "the answer has no 'p95' of 'data.1.p95'"),
            ("/metrics", {"json_path": "data.7.ms"}, CannotRead, "the answer has no '7' of 'data.7.ms'"),
            ("/metrics", {"json_path": "data.first"}, CannotRead, "the answer has no 'first' of 'data.first'"),
            ("/metrics", {"json_path": "none"}, TypeError, None),
            ("/metrics", {"json_path": "data"}, TypeError, None),
            ("/metrics", {"json_path": "data.0.name"}, ValueError, None),
            ("/slow", {"json_path": "x", "timeout_seconds": 0.1}, TimeoutError, None),
            ("/elsewhere", {"json_path": "x"}, CannotRead, "HTTP status 302"),
            ("", {"prometheus": "nothing"}, CannotRead, "the answer has no '0' of 'data.result.0.value.1'"),
        ],
    )
    def test_what_is_no_number_is_an_error(self, server, path, given, error, words):
        with pytest.raises(error, match=words):
            asked(server + path, **given)

    def test_a_server_that_is_not_there_is_told_by_the_kind_of_error(self):
        with pytest.raises(CannotRead, match="ConnectionRefusedError"):
            asked("http://127.0.0.1:9/", json_path="x")

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"url": "file:///etc/passwd", "json_path": "x"}, "must begin with http:// or https://"),
            ({"url": "ftp://example.com", "json_path": "x"}, "must begin with http:// or https://"),
            ({"url": "metrics.example.com", "json_path": "x"}, "must begin with http:// or https://"),
            ({"url": "http://example.com"}, "needs either json_path or prometheus"),
            ({"url": "http://example.com", "json_path": "x", "prometheus": "y"}, "needs either"),
        ],
    )
    def test_a_wrong_entry_is_refused(self, transactional_db, given, words):
        with pytest.raises(ValueError, match=words):
            build_gauges(database("default"), {}, [{"gauge": "HttpProbe", "name": "probe", "limit": 1, **given}])


class TestSqlProbe:
    @pytest.mark.parametrize(("sql", "value"), [("SELECT 3", 3.0), ("SELECT 2.5, 9", 2.5), ("SELECT '7'", 7.0)])
    def test_the_first_number_of_the_first_row_counts(self, transactional_db, sql, value):
        assert read(sql) == value

    @pytest.mark.parametrize(
        "sql", ["SELECT NULL", "SELECT max(id) FROM shop_product WHERE id < 0", "SELECT 1 WHERE 1 = 0"]
    )
    def test_null_or_no_row_is_no_reading(self, shop, sql):
        assert read(sql) is None

    def test_percent_signs_stay_as_they_are(self, transactional_db):
        assert read("SELECT 7 % 4 WHERE 'abc' LIKE '%b%'") == 3.0

    @pytest.mark.parametrize("sql", ["SELECT missing FROM shop_product", "SELEC 1"])
    def test_wrong_sql_is_an_error_that_leaves_the_connection_usable(self, transactional_db, sql):
        with pytest.raises(DatabaseError):
            read(sql)

        assert read("SELECT 1") == 1.0

    def test_text_is_an_error(self, transactional_db):
        with pytest.raises(ValueError, match="could not convert"):
            read("SELECT 'many'")

    def test_another_alias_may_be_asked(self, alias):
        name = alias("elsewhere")
        sql = "SELECT 1" if connection.vendor == "sqlite" else "SELECT pg_backend_pid()"

        here, there = read(sql), read(sql, database=name)

        assert there is not None
        assert connection.vendor == "sqlite" or here != there


def read(sql, **given):
    return SqlProbe("probe", sql, 10, **given).read(Look(database("default")))

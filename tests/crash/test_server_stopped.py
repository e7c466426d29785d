"""PostgreSQL itself is stopped as a power cut would stop it, under running processes."""

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.conftest import MEDICINES, on_postgresql
from tests.crash.databases import PostgreSQLScratch, without_own_keys
from tests.crash.processes import BACKWARDS, FORWARDS, Process, batches_done, run, token, wait_until
from tools.postgresql import TemporaryCluster, programs

PACE: dict[str, Any] = {"BATCH_SIZE": 10, "PAUSE_SECONDS": 0.05}
STOPS = 20
SCENARIOS = ["updating", "transforming", "deleting", "recording", "several", "operations"]

pytestmark = pytest.mark.xdist_group("own server")


@pytest.fixture(scope="module")
def server() -> Iterator[TemporaryCluster]:
    if not on_postgresql():
        pytest.skip("a matter of PostgreSQL")
    with TemporaryCluster(programs()) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def stock(server: TemporaryCluster) -> PostgreSQLScratch:
    """The rows that every scenario starts from, on the server that will be stopped."""
    database = PostgreSQLScratch(server.url, "stock")
    database.create()
    database.prepare(MEDICINES)
    return database


def stop_and_start(server: TemporaryCluster) -> None:
    server.stop("immediate")
    server.start()


def test_a_run_goes_on_by_itself_when_the_server_comes_back(server: TemporaryCluster, stock: PostgreSQLScratch) -> None:
    database, undisturbed = stock.copy("survivor"), stock.copy("undisturbed")
    run(FORWARDS, undisturbed, "updating")
    with Process(FORWARDS, database, "updating", **PACE) as process:
        wait_until(lambda: batches_done(database) >= 3, process)

        stop_and_start(server)

        assert process.end() == 0, process.said()
    assert database.rows() == undisturbed.rows()
    assert database.ledger("status, token") == [("done", 1)]


@pytest.mark.long
def test_a_run_reaches_its_end_and_its_start_however_often_the_server_is_stopped(
    server: TemporaryCluster, stock: PostgreSQLScratch, moments: random.Random
) -> None:
    stops = 0
    while stops < STOPS:
        scenario = moments.choice(SCENARIOS)
        database, undisturbed = stock.copy("stopped"), stock.copy("undisturbed")
        run(FORWARDS, undisturbed, scenario)
        start, end = stock.rows(), undisturbed.rows()
        for arguments, expected in ((FORWARDS, end), (BACKWARDS, start)):
            stops += stopped_under(server, arguments, database, scenario, moments)
            run(arguments, database, scenario)
            assert without_own_keys(database.rows()) == without_own_keys(expected), f"{scenario} {arguments[-2]}"
            assert not database.leftover_triggers()
    print(f"{stops} stops")


def stopped_under(
    server: TemporaryCluster,
    arguments: tuple[str, ...],
    database: PostgreSQLScratch,
    scenario: str,
    moments: random.Random,
) -> int:
    """Start a process and stop the server under it; it may go on by itself or end. Return how many stops."""
    before = token(database)
    with Process(arguments, database, scenario, **PACE) as process:
        wait_until(lambda: token(database) != before, process)
        time.sleep(moments.uniform(0, 1.0))
        if process.ended():
            return 0
        stop_and_start(server)
        process.end()
        return 1

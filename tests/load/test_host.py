"""CPU, memory and disk of the host or of a container, read from real files."""

import os
from pathlib import Path

import psutil
import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.utils import ConnectionHandler

from reversible_migrations.databases import database
from reversible_migrations.databases.postgresql import PostgreSQL
from reversible_migrations.load.gauges import Busy, Look, build_gauges
from reversible_migrations.load.host import Cpu, DiskUsed, cpu_quota, host_gauges, memory_limit
from reversible_migrations.load.sampler import Sampler
from tests.crash.processes import wait_until

only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="a matter of SQLite's files")


def write(folder, **files):
    """Write files of a cgroup; "__" stands for a slash, "_of_" for a dot in their names."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_of_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class TestCpuQuota:
    def test_version_2_counts_microseconds_of_its_quota(self, tmp_path):
        write(tmp_path, cpu_of_max="150000 100000\n", cpu_of_stat="usage_usec 1000000\nuser_usec 900000\n")
        quota = cpu_quota(tmp_path)
        first = quota.percent(clock=lambda: 10.0)

        write(tmp_path, cpu_of_stat="usage_usec 2500000\nuser_usec 900000\n")

        assert quota.cores == 1.5
        assert first is None
        assert quota.percent(clock=lambda: 12.0) == 50.0

    def test_version_1_counts_nanoseconds(self, tmp_path):
        write(tmp_path, cpu__cpu_of_cfs_quota_us="50000\n", cpu__cpu_of_cfs_period_us="100000\n")
        write(tmp_path, cpuacct__cpuacct_of_usage="1000000000\n")
        quota = cpu_quota(tmp_path)
        quota.percent(clock=lambda: 10.0)

        write(tmp_path, cpuacct__cpuacct_of_usage="1500000000\n")

        assert quota.cores == 0.5
        assert quota.percent(clock=lambda: 11.0) == 100.0

    @pytest.mark.parametrize(
        "files",
        [
            {},
            {"cpu_of_max": "max 100000\n"},
            {"cpu__cpu_of_cfs_quota_us": "-1\n", "cpu__cpu_of_cfs_period_us": "100000\n"},
            {"cpu__cpu_of_cfs_quota_us": "50000\n"},
        ],
        ids=["no files", "version 2 without a limit", "version 1 without a limit", "half of the files"],
    )
    def test_without_a_limit_there_is_no_quota(self, tmp_path, files):
        write(tmp_path, **files)

        assert cpu_quota(tmp_path) is None


class TestMemoryLimit:
    def test_version_2_leaves_out_the_cache_that_can_be_given_back(self, tmp_path):
        write(
            tmp_path, memory_of_max="1000\n", memory_of_current="800\n", memory_of_stat="anon 400\ninactive_file 300\n"
        )

        assert memory_limit(tmp_path).percent() == 50.0

    def test_version_1_leaves_out_the_cache_of_all_groups_below(self, tmp_path):
        write(tmp_path, memory__memory_of_limit_in_bytes="1000\n", memory__memory_of_usage_in_bytes="900\n")
        write(tmp_path, memory__memory_of_stat="inactive_file 1\ntotal_inactive_file 150\n")

        assert memory_limit(tmp_path).percent() == 75.0

    @pytest.mark.parametrize(
        "files",
        [{}, {"memory_of_max": "max\n"}, {"memory__memory_of_limit_in_bytes": "9223372036854771712\n"}],
        ids=["no files", "version 2 without a limit", "version 1 without a limit"],
    )
    def test_without_a_limit_there_is_none(self, tmp_path, files):
        write(tmp_path, **files)

        assert memory_limit(tmp_path) is None


class TestCpu:
    def test_the_first_look_has_nothing_to_compare_with(self, transactional_db):
        cpu, look = Cpu(), Look(database("default"))

        first = cpu.read(look)
        found = wait_until(lambda: [value for value in [cpu.read(look)] if value is not None])

        assert first is None
        assert 0 <= found[0] <= 100

    def test_what_the_run_uses_itself_is_not_counted(self, tmp_path, transactional_db):
        write(tmp_path, cpu_of_max="100000 100000\n", cpu_of_stat="usage_usec 0\n")
        cpu, look = Cpu(cpu_quota(tmp_path)), Look(database("default"))
        cpu.read(look)
        began = cpu_seconds_of_this_process()

        while (used := cpu_seconds_of_this_process() - began) < 0.3:
            pass
        write(tmp_path, cpu_of_stat=f"usage_usec {int(used * 1e6)}\n")

        assert cpu.read(look) < 20  # 100 with it, on an idle machine

    def test_what_others_use_is_counted(self, tmp_path, transactional_db):
        write(tmp_path, cpu_of_max="100000 100000\n", cpu_of_stat="usage_usec 0\n")
        cpu, look = Cpu(cpu_quota(tmp_path)), Look(database("default"))
        cpu.read(look)

        write(tmp_path, cpu_of_stat="usage_usec 1000000000\n")

        assert cpu.read(look) > 100

    def test_it_counts_only_while_others_are_at_work(self, transactional_db):
        sampler = Sampler("default", [Cpu(), Busy()], has_sessions=False)
        sampler.start()
        alone = wait_until(lambda: weights(sampler, "cpu"))

        sampler.note_batch(database("default"), seconds=1.0, waited_seconds=0.5)
        beside = weights(sampler, "cpu")
        sampler.stop()

        assert (alone, beside) == ([0.0], [1.0])


class TestWhere:
    def test_of_a_database_on_this_host_cpu_and_memory_count(self, transactional_db):
        gauges = {gauge.name: gauge for gauge in build_gauges(database("default"), {}, [])}

        assert (gauges["cpu"].weight, gauges["memory"].weight) == (1.0, 1.0)

    def test_of_a_remote_database_they_are_only_shown(self):
        gauges = {gauge.name: gauge for gauge in build_gauges(far_database(), {}, [])}

        assert (gauges["cpu"].weight, gauges["memory"].weight) == (0.0, 0.0)
        assert "disk" not in gauges

    def test_of_a_remote_database_they_count_with_a_limit_of_their_own(self):
        limits = {"cpu": 70, "memory": 80, "disk": 90}

        gauges = {gauge.name: gauge for gauge in build_gauges(far_database(), limits, [])}

        assert (gauges["cpu"].weight, gauges["memory"].weight) == (1.0, 1.0)
        assert (gauges["cpu"].limit, gauges["memory"].limit) == (70.0, 80.0)
        assert gauges["cpu"].is_own_too

    @only_sqlite
    def test_the_disk_is_that_of_an_sqlite_file(self, transactional_db):
        folder = Path(connection.settings_dict["NAME"]).resolve().parent

        disk = next(gauge for gauge in host_gauges(database("default")) if isinstance(gauge, DiskUsed))

        assert Path(disk.folder) == folder
        assert 0 < disk.read(Look(database("default"))) <= 100

    @only_sqlite
    def test_an_sqlite_database_in_memory_is_opened_once(self, alias):
        opened = []
        listener = lambda connection, **facts: opened.append(connection.alias)  # noqa: E731
        connection_created.connect(listener)
        db = database(alias("memory", NAME=":memory:"))
        db.execute("CREATE TABLE kept (id integer)")

        gauges = build_gauges(db, {}, [])
        sampler = Sampler("memory", gauges, has_sessions=db.has_sessions, tables=['"kept"'])
        sampler.start()
        wait_until(lambda: weights(sampler, "cpu"))
        sampler.stop()
        connection_created.disconnect(listener)

        assert [gauge.name for gauge in gauges] == ["cpu", "memory", "busy"]
        assert opened == ["memory"]
        assert db.rows("SELECT * FROM kept") == []


def far_database():
    server = {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db.example.com"}
    return PostgreSQL(ConnectionHandler({"default": server})["default"])


def weights(sampler, name):
    return [reading.weight for reading in sampler.readings() if reading.gauge == name]


def cpu_seconds_of_this_process():
    times = psutil.Process(os.getpid()).cpu_times()
    return times.user + times.system

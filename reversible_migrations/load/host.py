"""
The host that the migration runs on: CPU, memory, disk. Inside a container, its share of them.

Of a database on another host they say nothing: then CPU and memory are only shown.
"""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..databases.base import Database
from .gauges import Gauge, Look

CGROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60  # version 1 writes "no limit" as a very large number


class Cpu(Gauge):
    """
    CPU time that others use, of all cores or of the container's quota. 90 %: above, they wait for a core.

    What the run uses itself, in this process and in its sessions on a server on this host, is not counted: it may
    have what is left over. Where its sessions' processes cannot be seen it counts while others are at work only.
    """

    name, unit, limit = "cpu", "%", 90.0
    is_own_too = True

    def __init__(self, quota: "CpuQuota | None" = None):
        self.quota = quota
        self.own: dict[int, float] = {}  # CPU seconds of the run's processes at the last look
        self.at = time.monotonic()
        self.host: tuple[float, float] | None = None  # busy CPU seconds of the host, and all of them

    def read(self, look: Look) -> float | None:
        used, cores = self._used()
        own = self._percent_of_own(look, cores)
        return None if used is None else max(0.0, used - own)  # the first time there is nothing to compare with

    def _used(self) -> tuple[float | None, float]:
        if self.quota is not None:
            return self.quota.percent(), self.quota.cores
        before, self.host = self.host, host_seconds()  # psutil's own percentages are kept per thread
        if before is None or self.host[1] <= before[1]:
            return None, 1.0
        percent = 100 * (self.host[0] - before[0]) / (self.host[1] - before[1])
        return percent, float(psutil.cpu_count() or 1)

    def _percent_of_own(self, look: Look, cores: float) -> float:
        before, began = self.own, self.at
        self.own, self.at = cpu_seconds([os.getpid(), *(look.own if look.db.is_local else ())]), time.monotonic()
        spent = sum(seconds - before.get(pid, seconds) for pid, seconds in self.own.items())
        return 100 * spent / max(self.at - began, 0.001) / cores


class Memory(Gauge):
    """Memory in use that cannot be given back at once. 95 %: above, the host begins to swap or to kill."""

    name, unit, limit = "memory", "%", 95.0

    def __init__(self, cgroup: "MemoryLimit | None" = None):
        self.cgroup = cgroup

    def read(self, look: Look) -> float:
        return self.cgroup.percent() if self.cgroup is not None else float(psutil.virtual_memory().percent)


class DiskUsed(Gauge):
    """Disk in use where the database's files are. 95 %: journals need room too."""

    name, unit, limit = "disk", "%", 95.0

    def __init__(self, folder: str):
        self.folder = folder

    def read(self, look: Look) -> float:
        return float(psutil.disk_usage(self.folder).percent)


def host_seconds() -> tuple[float, float]:
    """Return the CPU seconds in which the host was busy, and all there were."""
    times = psutil.cpu_times()._asdict()
    total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)  # they are in user and nice
    return total - times["idle"] - times.get("iowait", 0.0), total


def cpu_seconds(pids: Iterable[int]) -> dict[int, float]:
    """Return the CPU time of each process that is there and may be seen."""
    found: dict[int, float] = {}
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        found[pid] = times.user + times.system
    return found


def host_gauges(db: Database, cgroups: Path = CGROUPS) -> list[Gauge]:
    gauges: list[Gauge] = [Cpu(cpu_quota(cgroups)), Memory(memory_limit(cgroups))]
    for gauge in gauges:
        gauge.weight = 1.0 if db.is_local else 0.0
    folder = db.data_directory()
    if folder is not None and Path(folder).is_dir():
        gauges.append(DiskUsed(folder))
    return gauges


@dataclass
class CpuQuota:
    """A container's CPU quota, in cores, and the file that counts what it has used."""

    cores: float
    usage: Path
    unit: float  # seconds per count
    last: tuple[float, float] | None = None

    def percent(self, clock: Callable[[], float] = time.monotonic) -> float | None:
        """Return the share of the quota used since the last call; None at the first."""
        now, used = clock(), self._used()
        before, self.last = self.last, (now, used)
        if before is None or now <= before[0]:
            return None
        return 100 * (used - before[1]) / (now - before[0]) / self.cores

    def _used(self) -> float:
        text = self.usage.read_text()
        fields = dict(line.split() for line in text.splitlines() if " " in line)
        return float(fields.get("usage_usec", text.split()[0])) * self.unit


@dataclass
class MemoryLimit:
    """A container's memory limit in bytes, and the files that tell what it uses."""

    limit: float
    usage: Path
    stat: Path

    def percent(self) -> float:
        """Return what is used, without the page cache that can be given back."""
        fields = dict(line.split() for line in self.stat.read_text().splitlines())
        cache = float(fields.get("total_inactive_file", fields.get("inactive_file", 0)))  # version 1 has both
        return 100 * max(0.0, float(self.usage.read_text()) - cache) / self.limit


def cpu_quota(cgroups: Path = CGROUPS) -> CpuQuota | None:
    """Return the quota of this process's container, or None if it may use all cores."""
    v2 = _numbers(cgroups / "cpu.max")
    if v2:
        return CpuQuota(v2[0] / v2[1], cgroups / "cpu.stat", 1e-6)
    quota, period = _numbers(cgroups / "cpu/cpu.cfs_quota_us"), _numbers(cgroups / "cpu/cpu.cfs_period_us")
    if quota and period and quota[0] > 0:
        return CpuQuota(quota[0] / period[0], cgroups / "cpuacct/cpuacct.usage", 1e-9)
    return None


def memory_limit(cgroups: Path = CGROUPS) -> MemoryLimit | None:
    """Return the memory limit of this process's container, or None if it has all of the host's."""
    v2 = _numbers(cgroups / "memory.max")
    if v2:
        return MemoryLimit(v2[0], cgroups / "memory.current", cgroups / "memory.stat")
    v1 = _numbers(cgroups / "memory/memory.limit_in_bytes")
    if v1 and v1[0] < UNLIMITED:
        return MemoryLimit(v1[0], cgroups / "memory/memory.usage_in_bytes", cgroups / "memory/memory.stat")
    return None


def _numbers(file: Path) -> list[float]:
    """Return the numbers in a file; none if it is not there or says "max"."""
    try:
        return [float(word) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []

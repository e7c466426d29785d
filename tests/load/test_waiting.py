"""What counts as waiting for others: a sleep, and not the loss of a core."""

import subprocess
import sys
import threading
import time

import pytest

from reversible_migrations.load.waiting import Waited


def test_a_sleep_is_a_wait():
    with Waited() as waited:
        time.sleep(0.02)

    assert waited.seconds >= 0.02


def test_a_lock_that_another_thread_holds_is_a_wait():
    lock, is_held = threading.Lock(), threading.Event()

    def hold():
        with lock:
            is_held.set()
            time.sleep(0.05)

    holding = threading.Thread(target=hold)
    holding.start()
    is_held.wait()
    with Waited() as waited, lock:
        pass
    holding.join()

    assert waited.seconds > 0


WORK = """
import time
from reversible_migrations.load.waiting import Waited

waits = []
for _ in range(10):
    with Waited() as waited:
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
    waits.append(waited.seconds)
print(min(waits))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts both apart")
def test_work_is_no_wait_however_long_it_takes():
    # In a process of its own: here other threads ask for the interpreter's lock, and handing it over is a wait.
    found = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)

    assert float(found.stdout) == 0.0

"""``tests.management.process``, but its first transformed row says so and then takes a minute."""

import runpy
import time

from reversible_migrations import signals

if __name__ == "__main__":

    def hold_up(step, **facts):
        if step.kind == "transform":
            print("in a batch", flush=True)
            time.sleep(60)

    signals.step_started.connect(hold_up)
    runpy.run_module("tests.management.process", run_name="__main__")

"""
``tests.management.process`` in a project that uses Sentry with all it can do, inside a transaction of its own.

What would be sent is written to the file SENTRY_FILE; SENTRY_OPTIONS are more options of ``init`` as JSON. The
first patch fails at every book, with its title in the error.
"""

import json
import os
import runpy
from pathlib import Path

import sentry_sdk
from sentry_sdk.transport import Transport

from tests.management.library import moments


class ToFile(Transport):
    def capture_envelope(self, envelope):
        with Path(os.environ["SENTRY_FILE"]).open("ab") as file:
            file.write(envelope.serialize() + b"\n")


if __name__ == "__main__":
    sentry_sdk.init(
        dsn="https://key@sentry.invalid/1", transport=ToFile, traces_sample_rate=1.0,
        max_request_body_size="always", **json.loads(os.environ["SENTRY_OPTIONS"]),
    )  # fmt: skip
    moments.append(lambda book: int(book.title))
    with sentry_sdk.start_transaction(name="deploy", op="deploy"):
        runpy.run_module("tests.management.process", run_name="__main__")

"""
Find the Chromium that the page is tested in; on Debian as root, install it.

CHROMIUM names another one. No browser is downloaded from anywhere else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class NoBrowser(Exception):
    """There is no browser to test in; the message says why."""


def installed() -> Path | None:
    """Return the program of the Chromium that is on this machine, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


def provided() -> Path:
    """Return the program of a Chromium, after installing it on Debian as root. Raise `NoBrowser` if there is none."""
    found = installed()
    if found is None and "CHROMIUM" not in os.environ and os.geteuid() == 0 and shutil.which("apt-get"):
        install_from_debian()
        found = installed()
    if found is None:
        raise NoBrowser(f"no {NAMES[0]} is installed, and CHROMIUM names none")
    return found


def install_from_debian() -> None:
    print("Installing Chromium with apt-get", flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        if subprocess.run(["apt-get", "-qq", *arguments], env=quietly).returncode:
            raise NoBrowser(f"no {NAMES[0]} is installed, and apt-get {arguments[0]} failed")

"""
Whether a database is as its migrations left it: nothing lost, nothing left over, everything that can still be undone.

It only reads. One check is one file of ``checks``; ``verify`` makes them and returns a ``Report``, and ``note``
writes down how much it found.
"""

from ..states import Level
from .finding import Finding
from .inspection import verify
from .noting import note
from .report import CheckResult, Report

__all__ = ["CheckResult", "Finding", "Level", "Report", "note", "verify"]

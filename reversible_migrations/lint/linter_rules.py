"""What the linter itself finds: migrations that cannot be read, and suppressions and baselines that are out of date."""

from ..states import Level
from .registry import LinterRule

UNLOADABLE = LinterRule("RM001", "unloadable-migration", Level.ERROR)
LOST_STATE = LinterRule("RM002", "state-cannot-be-followed", Level.ERROR)
FAILED_RULE = LinterRule("RM003", "rule-failed", Level.ERROR)
NO_REASON = LinterRule("RM004", "suppression-without-reason", Level.ERROR)
UNUSED_SUPPRESSION = LinterRule("RM005", "suppression-of-nothing", Level.WARNING)
STALE_BASELINE = LinterRule("RM006", "stale-baseline-entry", Level.WARNING)
UNREAD = LinterRule("RM007", "operations-not-read", Level.WARNING)

LINTER_RULES = (UNLOADABLE, LOST_STATE, FAILED_RULE, NO_REASON, UNUSED_SUPPRESSION, STALE_BASELINE, UNREAD)

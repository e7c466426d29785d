"""One package of migrations per scenario: the shared first migration, and a second one that tests kill."""

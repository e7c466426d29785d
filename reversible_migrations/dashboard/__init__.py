"""The page: what runs, how far, how fast, why it waits; for staff with the app's permissions."""

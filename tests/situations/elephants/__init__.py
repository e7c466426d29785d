"""Tables that only PostgreSQL knows: arrays, ranges, another schema. Installed with its settings alone."""

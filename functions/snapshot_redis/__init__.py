"""The room of snapshot-redis."""

"""The room of clear-stale-lock."""

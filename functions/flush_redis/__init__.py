"""The room of flush-redis."""

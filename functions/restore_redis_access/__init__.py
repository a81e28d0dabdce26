"""The room of restore-redis-access."""

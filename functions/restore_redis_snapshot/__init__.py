"""The room of restore-redis-snapshot."""

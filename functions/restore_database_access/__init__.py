"""The room of restore-database-access."""

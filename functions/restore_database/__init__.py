"""The room of restore-database."""

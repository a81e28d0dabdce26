"""The room of backup-database."""

"""The room of recover-failed-launches."""

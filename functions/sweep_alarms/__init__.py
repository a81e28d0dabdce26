"""The room of the sweep."""

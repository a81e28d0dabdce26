"""The operator's command line, and the local lab that the demo runs in."""

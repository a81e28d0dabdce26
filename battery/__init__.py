"""The battery of HAZARDS.md, section 4: what the product claims of itself, measured. `python -m battery`."""

"""The room of explain-slow-deploy."""

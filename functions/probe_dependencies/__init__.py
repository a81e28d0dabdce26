"""The room of the probe: what stands in the VPC and looks at the dependencies from where the application does."""

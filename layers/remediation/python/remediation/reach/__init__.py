"""How a function in the VPC reaches a dependency: bounded in time, to checked addresses, and saying which layer failed."""

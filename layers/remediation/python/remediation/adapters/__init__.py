"""The edges: AWS clients, durable steps, the ledger, notifications, and the composition root that joins them."""

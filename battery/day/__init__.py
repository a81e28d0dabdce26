"""A day at StartTech in simulated time, lived twice: with the system, and without it (T14)."""

"""MongoDB Atlas through its Administration API: what is read, and what is asked of the one function that may write."""

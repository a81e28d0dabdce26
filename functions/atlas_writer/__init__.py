"""The room of the writer: the only function that can change anything at MongoDB Atlas."""

"""The function's entry point: one request at a time, from the runbooks that declare it (docs/atlas.md)."""

from atlas_writer.writer import Writer
from remediation.adapters.atlas_writing import writer_handler

handler = writer_handler(Writer)

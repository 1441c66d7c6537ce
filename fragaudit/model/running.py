"""Names of what runs a function that it is given: in a thread, a pool or an event loop."""

from __future__ import annotations

THREADS = {"to_thread": 0, "run_in_threadpool": 0, "run_sync": 0, "submit": 0, "run_in_executor": 1}
"""What runs a function with the rest of its arguments, by its last name, and which argument that function is."""

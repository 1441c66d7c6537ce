"""Plain immutable data that flows through an audit: facts, services, findings."""

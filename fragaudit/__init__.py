"""fragaudit: the linter for a service's data layer."""

__version__ = "0.1.0"

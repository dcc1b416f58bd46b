"""The errors a user can cause or meet.

Each carries one sentence that names the value given, what was expected and what to do. The command line prints
that sentence and exits with :attr:`StrnnVizError.exit_code`; it never shows a traceback for one of these.
"""


class StrnnVizError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1


class UsageError(StrnnVizError, ValueError):
    """What was asked for cannot be right: a wrong key, a value out of range, a name that does not exist."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration key or value is wrong."""


class DataError(StrnnVizError):
    """A corpus is missing or is not what it should be."""


class RunError(StrnnVizError):
    """A run directory is missing, damaged, or in use by another writer."""


class TrainingError(StrnnVizError):
    """Training cannot go on, for example because the loss is not finite."""

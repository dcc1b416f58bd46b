"""Measured comparisons, a module each. All arms of a comparison are timed in the same run, on the same data."""

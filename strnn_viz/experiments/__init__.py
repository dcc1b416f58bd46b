"""The paper's tables and figures as experiments, what they cost, and sweeps of runs."""

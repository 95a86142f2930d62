"""Measurements, run on purpose: each module prints figures and compares with a reference in the same run."""

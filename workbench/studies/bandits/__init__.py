"""Bandits: learning which arm is best while being paid for it."""

"""Explains verifier logs of any loader; pure functions from text to data."""

"""The live run of a page: loads and attaches its programs, prints what they send, and stops."""

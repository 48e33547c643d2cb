"""A tool that a test puts into programs/: calls of kill(), of one signal alone with --signal."""

"""The pages that a student begins with, each broken in its own way."""

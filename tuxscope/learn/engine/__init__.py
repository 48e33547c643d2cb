"""What grades a page, whatever the exercise: tries it, compares, and reaches a verdict."""

"""One module for each exercise: its title, its hints and its grader."""

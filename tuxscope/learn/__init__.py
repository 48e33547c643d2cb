"""The teaching kit: exercises, where a student edits a page, and their grader."""

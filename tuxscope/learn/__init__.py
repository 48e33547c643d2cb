"""``tuxscope learn``: exercises, in which a student edits a page, and their grader."""

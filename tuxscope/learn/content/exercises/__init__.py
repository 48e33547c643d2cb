"""What each exercise asks for: its title, its hints, and how an answer is graded."""

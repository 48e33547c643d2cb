"""The exercises: what each asks for, the page it starts with, and a solution."""

"""The grader: runs a page in the interpreter and on the kernel, and reaches a verdict."""

"""The hello page, a package for each other tool, and the code that pages share."""

"""The page that students read, a directory for each other tool, and what their pages share."""

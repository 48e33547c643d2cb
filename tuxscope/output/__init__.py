"""Output: records, tables, listings and traces as text or JSON, and error reports."""

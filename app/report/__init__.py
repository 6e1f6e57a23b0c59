"""The report: one page, tables, and graphs."""

"""Parses written dates and times: orders of day and month, month names, time zones."""

"""Runs independent parts of work in this process, in threads or processes; reports progress."""

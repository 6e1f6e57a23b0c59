"""The application: commands, the Python library and the report."""

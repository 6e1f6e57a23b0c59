"""What people use: commands, the library, the report."""

"""Opens what a user points at: files, folders and archives, compressed or not, in any encoding."""

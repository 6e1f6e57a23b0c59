"""What the tip commands and `watch` write and print."""

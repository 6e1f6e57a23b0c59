"""The commands, one module each: it parses options, calls one function and prints the result."""

"""Tips: signals that platforms exchange without pictures, their checks and verdicts."""

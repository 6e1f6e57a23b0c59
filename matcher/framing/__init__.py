"""Groups posts with a similar message, and summarises what each group is about."""

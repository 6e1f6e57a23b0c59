"""Groups posts with a similar message, and says what each group is about."""

"""The demo case: invented posts with real photographs, and a score of the reuse found."""

"""Groups posts that carry one photo, and sets elements such as app bars apart."""

"""The demo case: invented posts around real photographs, and how much of the reuse is found."""

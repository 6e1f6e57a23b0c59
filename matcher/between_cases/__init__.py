"""Several cases matched as one: what spans them, and what is reused from one in another."""

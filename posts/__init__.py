"""Reads what people export or scrape: posts, accounts, and the pictures that belong to them."""

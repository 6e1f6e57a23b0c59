"""Reads what people export or scrape: posts, accounts, and the pictures and videos that belong to them."""

"""Reads what people export or scrape: posts, accounts, and their pictures and videos."""

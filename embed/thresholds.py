"""Published operating points of hashes that settings offer as options. Imports no library."""

__all__ = ["PDQ_MAX_DISTANCE"]

# Of 256 bits. Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm",
# 2019 (hashing/hashing.pdf in facebook/ThreatExchange).
PDQ_MAX_DISTANCE = 31

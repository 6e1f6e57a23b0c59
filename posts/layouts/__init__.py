"""Turns an opened source into rows: delimited tables, workbooks, Parquet, JSON of every shape."""

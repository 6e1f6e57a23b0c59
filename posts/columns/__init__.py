"""Reads tables that no format fits, by a column map that users write or Frametrace drafts."""

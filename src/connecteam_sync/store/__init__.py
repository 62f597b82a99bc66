"""The database behind one Store: tables, dialects, guarded writes, receipts and the journal."""

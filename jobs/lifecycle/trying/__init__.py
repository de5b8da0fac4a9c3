"""Small jobs on some of an input's records: cutting the records, and where they are written."""

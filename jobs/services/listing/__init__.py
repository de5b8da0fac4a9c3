"""Jobs as lists: filters, columns, saved views, actions on many jobs, sums."""

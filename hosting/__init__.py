"""What every long-running process owes to its machine: files that others cannot read, clients that have bounds."""

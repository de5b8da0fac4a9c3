"""What a person does with one job: stop, archive, run again, finish what is missing."""

"""Help inside the product: the documents of docs/ as pages, with search, and links from fields to their explanation."""

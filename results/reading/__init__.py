"""Input records beside output rows, read by byte ranges: about 1 MB a page of each object, whatever its size.

`pages` makes a page of one file of a job; `files` finds the file; `source` reads ranges; `cutting` cuts bytes into
records; `rows` finds a row by a sparse index; `alignment` says which row belongs to which record; `cells` and
`predictions` say what a row holds.

How a page finds a far row: rows have no fixed length, so the byte at which row 1,000,000 begins is known only after
counting the lines before it. An index holds, for every 256 KiB of an object, a row and the byte where it begins.
A worker fills it when it compares rows after a job's end, since it reads every byte anyway. A page that goes beyond
the index scans at most SCAN_BYTES and SCAN_SECONDS further, keeps the marks, and says how far it came; the next
request continues from there. With the index a page reads the object's beginning, at most 256 KiB up to the row, and
the rows. An index belongs to an ETag; a replaced object gets a new one. A gzip has no index, as it unpacks only from
its beginning: at most UNPACKED_BYTES of it are unpacked, and the rest is for the download.
"""

"""Input records beside output rows, read by byte ranges: about 1 MB a page of each object, whatever its size.

`pages` answers for one file of a job; `files` finds the file; `source` reads ranges, `cutting` makes records of bytes,
`rows` comes to a row by a sparse index; `alignment` says what belongs together, `cells` and `predictions` what it is.

How a far row is come to. Rows have no fixed length, so the byte at which row 1,000,000 begins is known only to who
has counted the lines before it. An index holds, for every 256 KiB of an object, a row and the byte where it begins.
It is filled when a worker compares rows after a job's end, which reads every byte anyway, and by whoever goes beyond
what it covers: a page reads on by at most SCAN_BYTES and SCAN_SECONDS, keeps the marks, and says how far it came;
asking again goes on from there. With the index a page reads the object's beginning, at most 256 KiB up to the row,
and the rows. An index belongs to an ETag; of an object replaced since it is made anew. What is gzipped has none, as
it unpacks only from its beginning: there at most UNPACKED_BYTES are unpacked, and the rest is for the download.
"""
